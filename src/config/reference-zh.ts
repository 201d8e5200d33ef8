// The meaning of each key in Chinese, for docs/zh-CN/reference/config.md: section → key → text. Sections of a service
// are without `services.*`. The English descriptions are in the schema, because editors show them. A test holds that no
// key is missing. Longer than most files because it is one list.

export const MEANINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  agent: {
    host: '本机的名称。默认为主机名。',
    stateDir: '事件日志和租约的目录，相对于配置文件所在目录。',
    api: 'API 的监听地址；本版本只允许回环地址。',
    apiSocket:
      'API 的 Unix 套接字，权限 0600：root 和 agent 的用户可在此发送命令。默认为 `stateDir` 中的 agent.sock。',
    token:
      '除 `/status`、`/get_status`、`/healthz` 和 `/readyz` 外，所有 API 请求所需的令牌。默认不设。',
    store: '租约存储：`stateDir` 中的 SQLite。',
  },
  service: {
    kind: '成员的类型。',
    exclusive: '至多一个主用成员：提升之前先隔离。',
    mode: '`manage`：执行决策。`observe`：只决策和报告。',
  },
  'members.*': {
    host: '成员所在主机。默认为 `agent.host`。',
    command: '程序和参数，不经过 shell。环境中有 `PORT`、`HOTWARM_MEMBER` 和 `HOTWARM_SERVICE`。',
    port: '成员的端口，以 `PORT` 传入。',
    address: '成员的监听地址。',
    temperature:
      '备用时的温度。默认为 hot；`via: socket` 时为 frozen，除非 `traffic.accept` 为 `onActivate`。',
    cpu: '`warm` 备用成员的 CPU 上限，以单核为 100%。默认不限制。',
    env: '为成员添加的环境变量。',
    cwd: '工作目录，相对于配置文件所在目录。默认为该目录。',
    user: '进程的用户：/etc/passwd 中的名称、`"uid"` 或 `"uid:gid"`。默认为 agent 的用户。',
  },
  traffic: {
    listen: '客户端使用的地址。',
    protocol: '`http`：逐个请求暂存和重发。`tcp`：逐个连接暂存。',
  },
  'traffic, via: proxy': {
    via: '客户端访问主用成员的方式。`proxy`：经过 hotwarm 的代理，由它暂存和重发请求。',
    processes: '代理进程数。各进程均分 `hold` 和 `clients.maxConnections`。',
    responseTimeout: '成员响应首字节的时限；`0s`：不限。',
  },
  'traffic, via: socket': {
    via: '客户端访问主用成员的方式。`socket`：成员继承监听套接字（`LISTEN_FDS`），不经过代理。',
    listeners: '附加地址，以其在 `LISTEN_FDNAMES` 中的名称为键；成员在 `listen` 之后继承它们。',
    backlog: '内核中等待的连接数上限；不超过 `net.core.somaxconn`。',
    accept: '成员何时接受客户端：启动之后，或从描述符 `HOTWARM_ACTIVATE_FD` 读到一行之后。',
    blocking: '成员在 accept(2) 中阻塞：每次启动都把套接字设为阻塞模式。',
  },
  'traffic.hold': {
    timeout: '请求的最长暂存时间；之后返回 503 和 Retry-After。',
    requests: '暂存请求数上限。',
    bytes: '暂存请求的内存上限。',
  },
  'traffic.retry': {
    body: '为重发保留的请求体上限。',
    attempts: '每个请求的尝试次数上限，包括第一次。',
  },
  'traffic.tls': {
    cert: 'PEM 文件：证书，其后为中间证书；变更后重新加载。相对于配置文件所在目录。',
    key: 'PEM 文件：无密码的私钥；变更后重新加载。相对于配置文件所在目录。',
    min: '客户端可用的最低 TLS 版本。',
  },
  'traffic.clients': {
    maxConnections: '客户端连接数上限；超出的连接立即关闭。',
    idleTimeout: '客户端连接的最长空闲时间。',
    headerTimeout: '从首字节起，请求头部的时限。',
    stallTimeout: '请求体或响应没有进展的最长时间。',
  },
  'traffic.backend.tls': {
    ca: 'PEM 文件：签发成员证书的机构，或这些证书本身。默认为公认的证书机构。相对于配置文件所在目录。',
    verify: '`false`：接受任何证书。',
    serverName: '成员证书中的名称。默认为成员的地址。',
  },
  'traffic.proxyProtocol': {
    accept:
      '客户端连接以 PROXY 头部（版本 1 或 2）开始。只用于前面有代理时：否则任何人都能伪造地址。',
    send: '到成员的连接以 PROXY 头部（版本 2）开始。',
  },
  'traffic.unix': {
    mode: 'Unix 套接字的权限：可写的用户即可连接。',
    owner: 'Unix 套接字的属主和属组。默认为 agent 的。',
  },
  probe: {
    http: '对成员的地址执行 GET；状态码 200 到 399 为成功。',
    tcp: '端口接受连接即为成功。无法发现假死的进程。',
    command: '退出码 0 为成功。不经过 shell。',
    expect: '只有这些状态码算作成功（与 `http` 同用）。',
    interval: '两次例行探测的间隔。',
    timeout: '一次探测的时限。',
    maxSilence: '从最后一次响应到怀疑的最长时间。默认为 `timeout` 与 3 × `interval` 中的较大者。',
    falseSuspicionEvery: '两次误怀疑的目标间隔。怀疑须先确认，hotwarm 才会动作。',
  },
  ready: {
    http: '对成员的地址执行 GET；状态码 200 到 399 为成功。',
    tcp: '端口接受连接即为成功。无法发现假死的进程。',
    command: '退出码 0 为成功。不经过 shell。',
    expect: '只有这些状态码算作成功（与 `http` 同用）。',
  },
  prime: {
    http: '预跑请求的路径；任何响应都可以。默认为 `probe.http`；没有则不预跑。',
    requests: '预跑的请求数，逐个发送。',
    timeout: '全部预跑请求的时限。',
  },
  takeover: {
    maxP95: '候选成员的 95 分位延迟上限。默认不检查。',
    maxLag: '候选成员的复制落后量上限。没有复制的类型不检查。',
    maxRehearsalAge: '候选成员最近一次成功预演的最长距今时间。默认不检查。',
    degraded: '没有满足接管条件的成员时：`serve` 接受偏慢的成员，`hold` 暂存请求。',
    probation: '接管之后，hotwarm 观察新主用成员的时间。',
    maxErrorRate: '失败请求的比例上限；超过即为亚健康。',
  },
  failback: {
    mode: '回切到首选成员：自动、按命令，或从不。',
    after: '回切之前首选成员须保持健康的时间；`window` 内每次故障切换使其加倍。',
    maxFailovers: '`window` 内的故障切换次数上限；超过则停止自动回切。',
    window: '见 `maxFailovers`。',
  },
  lease: {
    ttl: '租约的有效期：其他主机看到最后一次续约之后，过这么久才可接管。',
    renewInterval: '两次续约的间隔。',
    safetyMargin: '其他主机可取得租约之前，持有者提前停止服务的时间。',
  },
  restart: {
    backoff: '第二次尝试重启之前的等待；每次尝试加倍。',
    maxBackoff: '两次尝试之间的最长等待。',
    resetAfter: '成员每就绪这么久，失败计数减一。',
  },
  degraded: {
    action:
      '主用成员能响应探测，但偏慢或请求失败时的动作。设有 `takeover.maxP95` 时默认为 switchover，否则为 report。',
    backoff: '下一次此类切换之前的等待，乘以已发生的次数。',
  },
  timeouts: {
    start: '启动进程的时限。',
    ready: '成员启动后就绪的时限。默认为 30s。',
    stop: '从 SIGTERM 到 SIGKILL 的时间。',
    fence: '隔离原主用成员的时限。',
    promote: '提升备用成员的时限。',
    demote: '主用成员降为备用的时限。',
    rejoin: '失效成员重新成为备用成员的时限。',
    drain:
      '计划切换中，进行中的请求的时限；其余被切断。默认为 10s；设有 `exclusive` 时，不超过租约和 `traffic.hold.timeout` 所允许的。',
    store: '租约存储响应的时限。',
    switch: '代理采用新路由的时限。',
  },
  objectives: {
    rto: '最长中断（RTO）。',
    rpo: '最多丢失的已确认数据（RPO）。',
    availability: '要求的可用性。',
    budget: '每月费用上限；用于 `plan`。',
    power: '功率上限（瓦）；用于 `plan`。',
  },
  faults: {
    commonCause: '使所有成员同时失效的比例（共因失效）。',
    failoverSuccess: '接管成功的概率。',
    restartSuccess: '就地重启能修复成员的概率。',
    manualRepair: 'hotwarm 无法修复时，人工修复的平均时间。',
  },
  'faults.process': {
    every: '成员进程退出的平均间隔，或 `never`。',
    repair: '平均修复时间：直到重启并就绪。',
  },
  'faults.hang': {
    every: '成员假死的平均间隔，或 `never`。',
    repair: '平均修复时间：直到强制终止、重启并就绪。',
  },
  'faults.degraded': {
    every: '成员亚健康（能响应探测，但偏慢或请求失败）的平均间隔，或 `never`。',
    repair: '平均修复时间：直到恢复健康。',
  },
  'faults.host': {
    every: '主机失效的平均间隔，或 `never`。',
    repair: '平均修复时间：直到主机启动且成员就绪。',
  },
  'faults.zone': {
    every: '可用区断电或断网的平均间隔，或 `never`。',
    repair: '平均修复时间：直到恢复。',
  },
  'faults.pause': {
    every: '健康成员停顿的平均间隔，或 `never`。',
    median: '停顿时长的中位数。',
  },
  'faults.standbyFactor': {
    hot: '热备成员的失效率，相对于主用成员。',
    warm: '温备成员的失效率，相对于主用成员。',
    frozen: '冻结备成员的失效率，相对于主用成员。',
    cold: '冷备成员的失效率，相对于主用成员。',
  },
  'faults.standbyLatent': {
    hot: '热备成员的失效中，探测无法发现的比例。',
    warm: '温备成员的失效中，探测无法发现的比例。',
    frozen: '冻结备成员的失效中，探测无法发现的比例。',
    cold: '冷备成员的失效中，探测无法发现的比例。',
  },
  plan: {
    startupTime: '成员从启动到首次响应的时间。',
    warmUp: '首次响应之后，成员处于爬坡期的时间。',
    warmUpShare: '爬坡期的处理能力。',
    memory: '一个成员的内存。',
    cores: '一个成员的 CPU 核数。',
    busy: '主用成员的平均 CPU 占用，相对于其核数。',
    idle: '热备成员的 CPU 占用，相对于其核数。',
    warm: '温备成员的 CPU 上限，相对于其核数。',
    state:
      '`none`：允许双主。`shared`：不允许，所有成员使用同一磁盘。`replicated`：不允许，各成员有自己的副本。',
    lag: '异步副本的落后量。',
    hosts: '主机数上限。',
    zones: '可用区数上限。',
    standbys: '备用成员数上限。',
  },
  'plan.prices': {
    currency: '输出所用的货币。',
    core: '每核每月的价格。',
    memory: '每 GiB 内存每月的价格。',
    host: '每台主机每月的价格。',
    kwh: '每千瓦时的电价。',
  },
  'plan.power': {
    core: '每个忙碌的核高于空闲的功率（瓦）。',
    memory: '每 GiB 常驻内存的功率（瓦）。',
    host: '每台空闲主机的功率（瓦）。',
  },
};

/** Types of value, by their English name. */
export const TYPES: Readonly<Record<string, string>> = {
  duration: '时长',
  size: '大小',
  share: '比例',
  string: '文本',
  boolean: '布尔值',
  integer: '整数',
  number: '数字',
  '0 or size': '0 或大小',
  'host:port or unix:/path': 'host:port 或 unix:/path',
  'list of strings': '文本列表',
  'list of statuses': '状态码列表',
  'names and strings': '名称与文本',
  'names and addresses': '名称与地址',
};

/** The basis of a default, by its English name. */
export const BASES: Readonly<Record<string, string>> = {
  assumed: '假设',
  definition: '定义',
  measured: '实测',
  standard: '标准',
};
