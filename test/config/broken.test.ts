import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORM_FAULTS, type FaultCode, RULES } from '../../src/config/fault-codes.ts';
import { parseConfig } from '../../src/config/parse.ts';

// Broken configurations, one row each: what is wrong, and which fault must be shown where. Prose is not compared.

const SOUND = [
  'services:',
  '  shop:',
  '    members:',
  '      a: { command: [node, a.js], port: 3001 }',
  '      b: { command: [node, b.js], port: 3002 }',
  '    traffic: { listen: 127.0.0.1:8080 }',
  '    probe: { http: /healthz }',
];

/** The sound file with one line replaced (counting from 1). */
function edit(line: number, text: string): string {
  return SOUND.with(line - 1, text).join('\n');
}

/** The sound file with a line 8 within the service. */
function add(text: string): string {
  return [...SOUND, `    ${text}`].join('\n');
}

/** The sound file with a first line. */
function first(text: string): string {
  return [text, ...SOUND].join('\n');
}

/** A line that repeats the one before it nine times over. */
function explosive(name: string): string {
  const before = String.fromCharCode(name.charCodeAt(0) - 1);
  return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`;
}

type Row = readonly [name: string, source: string, ...faults: readonly Expected[]];
type Expected = readonly [code: FaultCode, path: string, line: number];

const AT = 'services.shop';

const ROWS: readonly Row[] = [
  // The file and its syntax.
  ['an empty file', '', ['emptyFile', '', 1]],
  ['a file of comments', '# nothing\n', ['emptyFile', '', 1]],
  ['a file that is too large', `# ${'x'.repeat(1024 * 1024)}`, ['fileTooLarge', '', 1]],
  [
    'a file with too many keys',
    Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join('\n'),
    ['fileTooLarge', '', 14_286],
  ],
  ['brackets without an end', `\n${'['.repeat(400_000)}`, ['syntax', '', 2]],
  ['nested brackets without an end', '{a: '.repeat(100_000), ['syntax', '', 1]],
  ['a service with a name of JavaScript', edit(2, '  __proto__:'), ['badName', '', 2]],
  [
    'a member with a name of JavaScript',
    edit(4, '      __proto__: { command: [node, a.js], port: 3001 }'),
    ['badName', '', 4],
  ],
  ['a tab for indentation', edit(3, '\tmembers:'), ['tab', '', 3]],
  ['a bracket that is not closed', edit(7, '    probe: { http: /healthz'), ['syntax', '', 7]],
  [
    'a bracket that is not closed before the next key',
    edit(5, '      b: { command: [node, b.js], port: 3002'),
    ['syntax', '', 5],
  ],
  [
    'a quote that is not closed, told where it begins',
    edit(4, '      a: { command: [node, "a.js], port: 3001 }'),
    ['syntax', '', 4],
  ],
  [
    'a line indented less than its neighbours',
    edit(5, '     b: { command: [node, b.js], port: 3002 }'),
    ['syntax', '', 5],
  ],
  ['a bracket too many', [...SOUND, '}'].join('\n'), ['syntax', '', 8]],
  ['a tag', edit(4, '      a: { command: [node], port: !port 3001 }'), ['syntax', '', 4]],
  ['thousands of levels', '['.repeat(20_000), ['syntax', '', 1]],
  ['the same key twice', add('probe: { tcp: true }'), ['duplicateKey', '', 8]],
  ['two members of one name', edit(5, SOUND[3]!), ['duplicateKey', '', 5]],
  ['two documents', `${SOUND.join('\n')}\n---\nagent: {}`, ['syntax', '', 8]],
  ['an alias without its anchor', add('takeover: *gate'), ['badAlias', '', 8]],
  [
    'aliases that explode',
    ['a: &a [x, x, x, x, x, x, x, x, x]', ...['b', 'c', 'd', 'e', 'f'].map(explosive)].join('\n'),
    ['badAlias', '', 1],
  ],
  ['a list for a file', '- services', ['wrongType', '', 1]],
  ['a word for a file', 'services', ['wrongType', '', 1]],
  // Keys.
  ['no services', 'agent: { host: h1 }', ['missingKey', 'services', 1]],
  ['services that are empty', 'services: {}', ['noServices', 'services', 1]],
  ['services of nothing', 'services:', ['wrongType', 'services', 1]],
  ['a misspelt section', add('takover: { p95: 50ms }'), ['unknownKey', `${AT}.takover`, 8]],
  [
    'a misspelt key',
    edit(7, '    probe: { http: /, intervall: 1s }'),
    ['unknownKey', `${AT}.probe.intervall`, 7],
  ],
  [
    'a misspelt key that must be there, told once',
    edit(4, '      a: { command: [node], prot: 3001 }'),
    ['unknownKey', `${AT}.members.a.prot`, 4],
  ],
  [
    'keys to be merged',
    edit(7, '    probe: { http: /, <<: 1 }'),
    ['unknownKey', `${AT}.probe.<<`, 7],
  ],
  ['a key that all objects have', add('constructor: 1'), ['unknownKey', `${AT}.constructor`, 8]],
  ['a prototype', add('__proto__: { exclusive: true }'), ['unknownKey', `${AT}.__proto__`, 8]],
  ['a section of nothing', add('takeover:'), ['wrongType', `${AT}.takeover`, 8]],
  ['a key of another section', add('interval: 1s'), ['unknownKey', `${AT}.interval`, 8]],
  ['a key at the top that is not known', first('hots: h1'), ['unknownKey', 'hots', 1]],
  [
    'a member without a command',
    edit(4, '      a: { port: 3001 }'),
    ['missingKey', `${AT}.members.a.command`, 4],
  ],
  [
    'a member without a port',
    edit(4, '      a: { command: [node] }'),
    ['missingKey', `${AT}.members.a.port`, 4],
  ],
  ['a service without traffic', edit(6, ''), ['missingKey', `${AT}.traffic`, 2]],
  ['a service without a probe', edit(7, ''), ['missingKey', `${AT}.probe`, 2]],
  [
    'traffic without an address',
    edit(6, '    traffic: {}'),
    ['missingKey', `${AT}.traffic.listen`, 6],
  ],
  // Values.
  [
    'a command in one text',
    edit(4, '      a: { command: node a.js, port: 3001 }'),
    ['wrongType', `${AT}.members.a.command`, 4],
  ],
  [
    'an empty command',
    edit(4, '      a: { command: [], port: 3001 }'),
    ['outOfRange', `${AT}.members.a.command`, 4],
  ],
  [
    'a number for an argument',
    edit(4, '      a: { command: [node, 5], port: 3001 }'),
    ['wrongType', `${AT}.members.a.command.1`, 4],
  ],
  [
    'a port in words',
    edit(4, '      a: { command: [node], port: http }'),
    ['wrongType', `${AT}.members.a.port`, 4],
  ],
  [
    'a port in quotes',
    edit(4, '      a: { command: [node], port: "3001" }'),
    ['wrongType', `${AT}.members.a.port`, 4],
  ],
  [
    'half a port',
    edit(4, '      a: { command: [node], port: 3001.5 }'),
    ['wrongType', `${AT}.members.a.port`, 4],
  ],
  [
    'a port out of range',
    edit(4, '      a: { command: [node], port: 65536 }'),
    ['outOfRange', `${AT}.members.a.port`, 4],
  ],
  [
    'a name of digits',
    edit(4, '      1: { command: [node], port: 3001 }'),
    ['badName', `${AT}.members.1`, 4],
  ],
  ['a name with a slash', edit(2, '  shop/eu:'), ['badName', 'services.shop/eu', 2]],
  ['yes for true', add('exclusive: yes'), ['wrongType', `${AT}.exclusive`, 8]],
  [
    'a duration without a unit',
    edit(7, '    probe: { http: /, timeout: 300 }'),
    ['badDuration', `${AT}.probe.timeout`, 7],
  ],
  [
    'a duration in words',
    edit(7, '    probe: { http: /, timeout: 5 seconds }'),
    ['badDuration', `${AT}.probe.timeout`, 7],
  ],
  [
    'a duration below zero',
    edit(7, '    probe: { http: /, timeout: -5s }'),
    ['badDuration', `${AT}.probe.timeout`, 7],
  ],
  [
    'a duration too short',
    edit(7, '    probe: { http: /, interval: 1ms }'),
    ['outOfRange', `${AT}.probe.interval`, 7],
  ],
  [
    'a size without a unit',
    add('takeover: { maxLag: 5 }'),
    ['badSize', `${AT}.takeover.maxLag`, 8],
  ],
  [
    'a size in a unit that is not known',
    edit(6, '    traffic: { listen: 127.0.0.1:8080, hold: { bytes: 64MB } }'),
    ['badSize', `${AT}.traffic.hold.bytes`, 6],
  ],
  [
    'a share without its sign',
    add('takeover: { maxErrorRate: 0.05 }'),
    ['badShare', `${AT}.takeover.maxErrorRate`, 8],
  ],
  [
    'an availability of 100%',
    add('objectives: { availability: 100% }'),
    ['outOfRange', `${AT}.objectives.availability`, 8],
  ],
  [
    'an address without a port',
    edit(6, '    traffic: { listen: localhost }'),
    ['badAddress', `${AT}.traffic.listen`, 6],
  ],
  [
    'an address with a port too high',
    edit(6, '    traffic: { listen: 127.0.0.1:80800 }'),
    ['badAddress', `${AT}.traffic.listen`, 6],
  ],
  [
    'a port for an address',
    edit(6, '    traffic: { listen: 8080 }'),
    ['badAddress', `${AT}.traffic.listen`, 6],
  ],
  [
    'a temperature that is not known',
    edit(5, '      b: { command: [node], port: 3002, temperature: tepid }'),
    ['badValue', `${AT}.members.b.temperature`, 5],
  ],
  [
    'a path without its slash',
    edit(7, '    probe: { http: healthz }'),
    ['badPattern', `${AT}.probe.http`, 7],
  ],
  [
    'a name in the environment that is none',
    edit(5, '      b: { command: [node], port: 3002, env: { "A B": x } }'),
    ['badPattern', `${AT}.members.b.env.A B`, 5],
  ],
  ['a short token', first('agent: { token: secret }'), ['badPattern', 'agent.token', 1]],
  ['a kind of later versions', add('kind: postgres'), ['notYet', `${AT}.kind`, 8]],
  [
    'a way to switch of later versions',
    edit(6, '    traffic: { listen: 127.0.0.1:8080, via: vip }'),
    ['notYet', `${AT}.traffic.via`, 6],
  ],
  [
    'a store of later versions',
    first('agent: { store: "etcd://10.0.0.1:2379" }'),
    ['notYet', 'agent.store', 1],
  ],
  // Keys together.
  ['one member only', edit(5, ''), ['singleMember', `${AT}.members`, 4]],
  [
    'no member',
    SOUND.toSpliced(2, 3, '    members: {}').join('\n'),
    ['singleMember', `${AT}.members`, 3],
  ],
  [
    'two members on one port',
    edit(5, '      b: { command: [node], port: 3001 }'),
    ['addressClash', `${AT}.members.b.port`, 5],
  ],
  [
    'a member on the public port',
    edit(6, '    traffic: { listen: 0.0.0.0:3002 }'),
    ['addressClash', `${AT}.members.b.port`, 5],
  ],
  [
    'a member on the API’s port',
    first('agent: { api: 127.0.0.1:3001 }'),
    ['addressClash', `${AT}.members.a.port`, 5],
  ],
  [
    'an API that all can reach',
    first('agent: { api: 0.0.0.0:7070 }'),
    ['apiExposed', 'agent.api', 1],
  ],
  [
    'a member on another host',
    edit(5, '      b: { host: h2, command: [node], port: 3002 }'),
    ['remoteMember', `${AT}.members.b.host`, 5],
  ],
  [
    'PORT in a member’s environment',
    edit(5, '      b: { command: [node], port: 3002, env: { PORT: "1" } }'),
    ['envReserved', `${AT}.members.b.env.PORT`, 5],
  ],
  [
    'a CPU share for a hot member',
    edit(5, '      b: { command: [node], port: 3002, cpu: 20% }'),
    ['cpuWithoutWarm', `${AT}.members.b.cpu`, 5],
  ],
  [
    'a lag limit for a frozen member',
    SOUND.with(4, '      b: { command: [node], port: 3002, temperature: frozen }')
      .concat('    takeover: { maxLag: 0 }')
      .join('\n'),
    ['frozenLag', `${AT}.members.b.temperature`, 5],
  ],
  [
    'a hot standby beside a shared listening socket',
    SOUND.with(4, '      b: { command: [node], port: 3002, temperature: hot }')
      .with(5, '    traffic: { listen: 127.0.0.1:8080, via: socket }')
      .join('\n'),
    ['standbyUnshielded', `${AT}.members.b.temperature`, 5],
  ],
  [
    'an exclusive service on a shared listening socket',
    edit(6, '    traffic: { listen: 127.0.0.1:8080, via: socket }').concat('\n    exclusive: true'),
    ['exclusiveUnguarded', `${AT}.exclusive`, 8],
  ],
  [
    'a Unix socket for a proxy',
    edit(6, '    traffic: { listen: unix:/run/shop.sock }'),
    ['wrongVia', `${AT}.traffic.listen`, 6],
  ],
  [
    'a relative path of a Unix socket',
    edit(6, '    traffic: { listen: unix:shop.sock, via: socket }'),
    ['badAddress', `${AT}.traffic.listen`, 6],
  ],
  [
    'a path that is longer than the address of a socket',
    edit(6, `    traffic: { listen: 'unix:/${'x'.repeat(107)}', via: socket }`),
    ['badAddress', `${AT}.traffic.listen`, 6],
  ],
  [
    'a backlog for a proxy',
    edit(6, '    traffic: { listen: 127.0.0.1:8080, backlog: 100 }'),
    ['wrongVia', `${AT}.traffic.backlog`, 6],
  ],
  [
    'a listener with the name of the first one',
    edit(
      6,
      '    traffic: { listen: 127.0.0.1:1, via: socket, listeners: { service: 127.0.0.1:2 } }',
    ),
    ['listenerName', `${AT}.traffic.listeners.service`, 6],
  ],
  [
    'more listeners than there may be',
    edit(
      6,
      `    traffic: { listen: 127.0.0.1:99, via: socket, listeners: { ${Array.from({ length: 16 }, (_, index) => `l${index}: 127.0.0.1:${index + 1}`).join(', ')} } }`,
    ),
    ['tooManyListeners', `${AT}.traffic.listeners`, 6],
  ],
  [
    'two listeners on one path',
    edit(6, '    traffic: { listen: unix:/run/a, via: socket, listeners: { b: unix:/run/a } }'),
    ['addressClash', `${AT}.traffic.listeners.b`, 6],
  ],
  [
    'a mode for a socket that is no Unix socket',
    edit(6, "    traffic: { listen: 127.0.0.1:8080, via: socket, unix: { mode: '600' } }"),
    ['unixUnused', `${AT}.traffic.unix`, 6],
  ],
  [
    'a probe that looks at nothing',
    edit(7, '    probe: { interval: 1s }'),
    ['probeKind', `${AT}.probe`, 7],
  ],
  [
    'a probe that looks at two things',
    edit(7, '    probe: { http: /, tcp: true }'),
    ['probeKind', `${AT}.probe`, 7],
  ],
  [
    'statuses for a TCP probe',
    edit(7, '    probe: { tcp: true, expect: [200] }'),
    ['expectNeedsHttp', `${AT}.probe.expect`, 7],
  ],
  ['a key by its old name', add('ready: { timeout: 20s }'), ['renamed', `${AT}.ready.timeout`, 8]],
  [
    'a repair that outlasts the time between two failures',
    add('faults: { host: { every: 1h, repair: 2h } }'),
    ['faultOutlasts', `${AT}.faults.host.repair`, 8],
  ],
  [
    'zones without a host',
    add('plan: { hosts: 2, zones: 3 }'),
    ['zonesBeyondHosts', `${AT}.plan.zones`, 8],
  ],
  [
    'a probe that waits too long',
    edit(7, '    probe: { http: /, interval: 20ms, timeout: 500ms }'),
    ['probeTimeoutTooLong', `${AT}.probe.timeout`, 7],
  ],
  [
    'a bound below two intervals',
    edit(7, '    probe: { http: /, maxSilence: 150ms }'),
    ['boundTooLow', `${AT}.probe.maxSilence`, 7],
  ],
  [
    'an RTO below the detection time',
    add('objectives: { rto: 500ms }'),
    ['boundBeyondRto', `${AT}.objectives.rto`, 8],
  ],
  [
    'mistakes all the time',
    edit(
      7,
      '    probe: { http: /, maxSilence: 10m, falseSuspicionEvery: 1h, interval: 1m, timeout: 1m }',
    ),
    ['mistakesTooOften', `${AT}.probe.falseSuspicionEvery`, 7],
    ['holdTooShort', `${AT}.traffic.hold.timeout`, 6],
  ],
  [
    'a gate slower than the probe',
    add('takeover: { maxP95: 400ms }'),
    ['p95BeyondTimeout', `${AT}.takeover.maxP95`, 8],
  ],
  [
    'a lease that one lost renewal ends',
    add('lease: { renewInterval: 5s }'),
    ['leaseRenewTooSlow', `${AT}.lease.renewInterval`, 8],
  ],
  [
    'renewals faster than the store',
    add('lease: { renewInterval: 1s }'),
    ['leaseStoreTooSlow', `${AT}.lease.renewInterval`, 8],
  ],
  [
    'a margin too thin for drift',
    add('lease: { safetyMargin: 50ms }'),
    ['leaseMarginTooThin', `${AT}.lease.safetyMargin`, 8],
  ],
  [
    'a margin of most of the lease',
    add('lease: { ttl: 20s, safetyMargin: 11s }'),
    ['leaseMarginTooWide', `${AT}.lease.safetyMargin`, 8],
  ],
  [
    'a back-off that shrinks',
    add('restart: { backoff: 40s, maxBackoff: 30s }'),
    ['repairOrder', `${AT}.restart.backoff`, 8],
    ['failbackBeforeRepair', `${AT}.failback.after`, 2],
  ],
  [
    'a failback before a repair',
    add('failback: { after: 1s }\n    restart: { backoff: 2s }'),
    ['failbackBeforeRepair', `${AT}.failback.after`, 8],
  ],
  [
    'a limit never reached',
    add('failback: { after: 5m }'),
    ['failbackUnlimited', `${AT}.failback.window`, 8],
  ],
  [
    'requests given up before the takeover',
    edit(6, '    traffic: { listen: 127.0.0.1:8080, hold: { timeout: 500ms } }'),
    ['holdTooShort', `${AT}.traffic.hold.timeout`, 6],
  ],
  [
    'a drain that outlasts the hold',
    add('exclusive: true\n    timeouts: { drain: 20s }'),
    ['drainBeyondHold', `${AT}.timeouts.drain`, 9],
    ['drainBeyondLease', `${AT}.timeouts.drain`, 9],
  ],
  [
    'a drain that outlasts the lease',
    add('exclusive: true\n    timeouts: { drain: 6001ms }'),
    ['drainBeyondLease', `${AT}.timeouts.drain`, 9],
  ],
  [
    'a hang proved at the very end of the patience of those who wait',
    edit(6, '    traffic: { listen: 127.0.0.1:8080, hold: { timeout: 900ms } }'),
    ['holdTooShort', `${AT}.traffic.hold.timeout`, 6],
  ],
  [
    'an RTO just as long as a hang’s proof',
    add('objectives: { rto: 900ms }'),
    ['boundBeyondRto', `${AT}.objectives.rto`, 8],
  ],
  [
    'a body too large to hold',
    edit(
      6,
      '    traffic: { listen: 127.0.0.1:8080, hold: { bytes: 1MiB }, retry: { body: 2MiB } }',
    ),
    ['replayBeyondHold', `${AT}.traffic.hold.bytes`, 6],
  ],
  [
    'replays of a byte stream',
    edit(6, '    traffic: { listen: 127.0.0.1:8080, protocol: tcp, retry: { attempts: 3 } }'),
    ['replayNeedsHttp', `${AT}.traffic.retry`, 6],
  ],
  [
    'TLS without a proxy',
    edit(6, '    traffic: { listen: 127.0.0.1:80, via: socket, tls: { cert: c.pem, key: k.pem } }'),
    ['wrongVia', `${AT}.traffic.tls`, 6],
  ],
  [
    'several processes without a proxy',
    edit(6, '    traffic: { listen: 127.0.0.1:80, via: socket, processes: 2 }'),
    ['wrongVia', `${AT}.traffic.processes`, 6],
  ],
  [
    'a share of what may wait that holds no request that may be replayed',
    edit(6, '    traffic: { listen: 127.0.0.1:8080, processes: 2, hold: { bytes: 1MiB } }'),
    ['replayBeyondHold', `${AT}.traffic.hold.bytes`, 6],
  ],
  [
    'a header for each of many requests',
    edit(6, '    traffic: { listen: 127.0.0.1:8080, proxyProtocol: { send: true } }'),
    ['sendNeedsTcp', `${AT}.traffic.proxyProtocol.send`, 6],
  ],
  [
    'an authority that nobody asks',
    edit(
      6,
      '    traffic: { listen: 127.0.0.1:80, backend: { tls: { ca: ca.pem, verify: false } } }',
    ),
    ['caUnused', `${AT}.traffic.backend.tls.ca`, 6],
  ],
  [
    'a certificate without a key',
    edit(6, '    traffic: { listen: 127.0.0.1:8080, tls: { cert: c.pem } }'),
    ['missingKey', `${AT}.traffic.tls.key`, 6],
  ],
  [
    'a TLS that is too old',
    edit(
      6,
      '    traffic: { listen: 127.0.0.1:80, tls: { cert: c.pem, key: k.pem, min: TLSv1.1 } }',
    ),
    ['badValue', `${AT}.traffic.tls.min`, 6],
  ],
  // Several at once.
  [
    'faults in four places',
    SOUND.with(3, '      a: { command: node a.js, port: 3001 }')
      .with(6, '    probe: { http: /, timeout: 300 }')
      .concat('    lease: { renewInterval: 8s }', '    takover: {}')
      .join('\n'),
    ['wrongType', `${AT}.members.a.command`, 4],
    ['badDuration', `${AT}.probe.timeout`, 7],
    ['leaseRenewTooSlow', `${AT}.lease.renewInterval`, 8],
    ['unknownKey', `${AT}.takover`, 9],
  ],
];

test('the file that every row breaks is sound', () => {
  const outcome = parseConfig(SOUND.join('\n'), 'h1');
  assert.deepEqual(outcome.ok ? [] : outcome.faults, []);
});

for (const [name, source, ...expected] of ROWS) {
  test(`a configuration with ${name} is refused with place and remedy`, () => {
    const outcome = parseConfig(source, 'h1');
    assert.ok(!outcome.ok, 'it was accepted');
    const found = outcome.faults.map(({ code, path, line }) => [code, path, line]);
    assert.deepEqual(found.toSorted(byText), expected.toSorted(byText));
    for (const fault of outcome.faults) {
      assert.ok(fault.column >= 1);
      const { message, reason, hint } = fault.text;
      for (const text of [message, hint, ...(reason === null ? [] : [reason])]) {
        assert.notEqual(text.en.trim(), '');
        assert.match(text.zh, /\p{Script=Han}/u);
      }
    }
  });
}

test('every fault that there is has a row', () => {
  const shown = new Set<string>(ROWS.flatMap(([, , ...faults]) => faults.map(([code]) => code)));
  const codes = [...Object.keys(FORM_FAULTS), ...Object.keys(RULES)];
  assert.deepEqual(
    codes.filter((code) => !shown.has(code)),
    [],
  );
});

test('no two rows are the same', () => {
  assert.equal(new Set(ROWS.map(([name]) => name)).size, ROWS.length);
  assert.equal(new Set(ROWS.map(([, source]) => source)).size, ROWS.length);
});

function byText(a: readonly unknown[], b: readonly unknown[]): number {
  return String(a).localeCompare(String(b));
}
