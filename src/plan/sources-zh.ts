import type { Locale } from '../core/describe/language.ts';

// Where defaults come from, in Chinese. References stay as they are published.

const FORD = 'Ford 等，Availability in Globally Distributed Storage Systems，OSDI 2010';
const FARGATE =
  'AWS Fargate，Linux/x86，us-east-1，按需价格，2025 年：每 vCPU 每小时 0.04048，每 GB 0.004445';
const FOOTPRINT =
  'Cloud Carbon Footprint 方法论，AWS：每 vCPU 空闲 0.74 W、满载 3.5 W，每 GB 0.392 W';

const CHINESE: Readonly<Record<string, string>> = {
  'one crash a month; no public count covers services in general':
    '每月崩溃一次；没有涵盖一般服务的公开统计',
  'a restart; say how long yours takes': '一次重启；请按实际填写',
  'a hang for every three crashes': '每三次崩溃对应一次假死',
  'twice a year; Huang et al., Gray Failure, HotOS 2017, tell of such failures but do not count them':
    '每年两次；Huang 等（Gray Failure，HotOS 2017）描述了此类故障，但没有统计次数',
  'until an overload, a full disk or a slow neighbor is over':
    '直到过载、磁盘写满或邻居拖慢等情况结束',
  'a node fails every 4.3 months: Ford et al., Availability in Globally Distributed Storage Systems, OSDI 2010': `节点每 4.3 个月失效一次：${FORD}`,
  'nine tenths are over within 15 minutes, others last for hours; the mean is not published: Ford et al., Availability in Globally Distributed Storage Systems, OSDI 2010': `九成在 15 分钟内结束，其余持续数小时；未公布均值：${FORD}`,
  'one such event in five years, of which providers publish reports':
    '五年一次，即服务商会发布报告的那类事件',
  'the published ones lasted for hours': '已公布的事件持续数小时',
  'a quiet service; hotwarm check tells what other habits would do':
    '空闲的服务；hotwarm check 会列出其他情形的影响',
  'a hot standby ages like an active member': '热备成员与主用成员同样老化',
  'it runs, without clients': '在运行，但没有客户端',
  'it does not run, but its memory can be taken from it': '不运行，但其内存可能被回收',
  'a cold standby does not age': '冷备成员不老化',
  'medium diagnostic coverage, 90%: IEC 61508-2, annex A': '中等诊断覆盖率 90%：IEC 61508-2 附录 A',
  'the kernel reports its exit; other faults are not detected':
    '内核会报告其退出，其他故障无法发现',
  'nothing runs that could be probed': '没有可供探测的进程',
  'within the range of the β-factors of IEC 61508-6, annex D':
    '在 IEC 61508-6 附录 D 的 β 因子范围之内',
  'one takeover of a hundred needs an operator; rehearse, and measure yours':
    '一百次接管中有一次需要人工；请做故障演练并实测',
  'of 132 software failures one came back after the restart: Gray, Why Do Computers Stop, Tandem TR 85.7, 1985':
    '132 次软件失效中仅一次在重启后重现：Gray，Why Do Computers Stop，Tandem TR 85.7，1985',
  'the low end of what was measured: by system, repairs last from under an hour to over a day in the mean: Schroeder and Gibson, A Large-Scale Study of Failures in High-Performance-Computing Systems, DSN 2006':
    '实测结果的下限：各系统平均修复时间从不足一小时到一天以上：Schroeder 与 Gibson，A Large-Scale Study of Failures in High-Performance-Computing Systems，DSN 2006',
  'three nines, about nine hours a year': '三个九，每年约九小时',
  'as long as the proxy holds requests by default; clients of a longer outage see errors':
    '代理默认暂存请求的时长；中断更久时客户端会收到错误',
  'say how long yours takes': '请按实际填写',
  'it serves fully from its first answer on': '从首次响应起即可提供完整服务',
  'half of full service while it warms up': '爬坡期提供一半的服务能力',
  'a small web service': '小型 Web 服务',
  'a third of its cores in the mean': '平均使用其核数的三分之一',
  'a running standby without clients': '运行中但没有客户端的备用成员',
  'a fifth of its cores while it is a warm standby': '作为温备成员时使用其核数的五分之一',
  'the safe side: say --stateless if two actives do no harm':
    '按较安全的情况取值：若允许双主，用 --stateless',
  'one segment of a PostgreSQL write-ahead log': 'PostgreSQL 预写日志的一个段',
  'one machine': '一台主机',
  'all hosts in one place': '所有主机在同一可用区',
  'more than three seldom add anything': '超过三个很少再有收益',
  'AWS Fargate, Linux/x86, us-east-1, on demand, 2025: 0.04048 an hour per vCPU, 0.004445 per GB':
    FARGATE,
  'the price of cores and memory is that of the host': '核与内存的价格即主机的价格',
  'the price of cores and memory includes the electricity': '核与内存的价格已含电费',
  'Cloud Carbon Footprint, methodology, AWS: 0.74 W per idle and 3.5 W per busy vCPU, 0.392 W per GB':
    FOOTPRINT,
  'one idle vCPU: Cloud Carbon Footprint, methodology, AWS: 0.74 W per idle and 3.5 W per busy vCPU, 0.392 W per GB': `一个空闲 vCPU：${FOOTPRINT}`,
};

export function sourceText(source: string, locale: Locale): string {
  return locale === 'zh' ? (CHINESE[source] ?? source) : source;
}
