import type { Contender } from './contender.ts';
import { direct, front, HAPROXY, NGINX } from './front.ts';
import { hotwarm } from './hotwarm.ts';

// Who takes part in bench/failover.ts. Another way of hotwarm to carry traffic is one more line here.

const BOTH = ['GET', 'POST'] as const;

const HAPROXY_DEFAULT = `defaults
  mode http
  timeout connect 5000
  timeout client 50000
  timeout server 50000

listen shop
  bind 127.0.0.1:$LISTEN
  server a 127.0.0.1:$A check
  server b 127.0.0.1:$B check backup
`;

type HaproxyTuning = {
  /** Rule about repeating requests, a line of the listen section; empty: none. */
  readonly rule: string;
  readonly serverTimeout: string;
  readonly retryOn: string;
  readonly observe: 'layer4' | 'layer7';
};

/** The same probe as hotwarm's: every 20 ms, 100 ms of patience. */
function haproxyTuned({ rule, serverTimeout, retryOn, observe }: HaproxyTuning): string {
  return `defaults
  mode http
  timeout connect 100ms
  timeout client 10s
  timeout server ${serverTimeout}
  timeout check 100ms
  retries 3
  option redispatch 1
  retry-on ${retryOn}
  option httpchk GET /healthz
  default-server inter 20ms fastinter 20ms downinter 100ms fall 2 rise 2
  default-server observe ${observe} error-limit 1 on-error mark-down
  default-server on-marked-down shutdown-sessions

listen shop
  bind 127.0.0.1:$LISTEN
${rule}  server a 127.0.0.1:$A check
  server b 127.0.0.1:$B check backup
`;
}

/** HAProxy's own way to leave requests alone that were sent once. */
const POST_ONCE = '  http-request disable-l7-retry if METH_POST\n';

const HAPROXY_TUNED: HaproxyTuning = {
  rule: POST_ONCE,
  serverTimeout: '2s',
  retryOn: 'all-retryable-errors',
  observe: 'layer4',
};

const NGINX_DEFAULT = `upstream shop {
  server 127.0.0.1:$A;
  server 127.0.0.1:$B backup;
}
server {
  listen 127.0.0.1:$LISTEN;
  location / { proxy_pass http://shop; }
}
`;

/** A request that is not answered within 100 ms is a failure of the server. */
function nginxTuned(alsoRepeat: '' | ' non_idempotent'): string {
  return `upstream shop {
  server 127.0.0.1:$A max_fails=1 fail_timeout=10s;
  server 127.0.0.1:$B backup;
}
server {
  listen 127.0.0.1:$LISTEN;
  location / {
    proxy_pass http://shop;
    proxy_connect_timeout 100ms;
    proxy_send_timeout 100ms;
    proxy_read_timeout 100ms;
    proxy_next_upstream error timeout http_502 http_503 http_504${alsoRepeat};
    proxy_next_upstream_tries 2;
    proxy_next_upstream_timeout 1s;
  }
}
`;
}

const HAPROXIES: readonly Contender[] = [
  front({
    name: 'haproxy-default',
    title: 'HAProxy, defaults',
    methods: BOTH,
    slow: true,
    program: HAPROXY,
    config: HAPROXY_DEFAULT,
  }),
  front({
    name: 'haproxy-tuned',
    title: 'HAProxy, tuned',
    methods: BOTH,
    slow: false,
    program: HAPROXY,
    config: haproxyTuned(HAPROXY_TUNED),
  }),
  front({
    name: 'haproxy-limit',
    title: 'HAProxy, tuned, answers limited to 100 ms',
    methods: BOTH,
    slow: false,
    program: HAPROXY,
    config: haproxyTuned({
      rule: POST_ONCE,
      serverTimeout: '100ms',
      retryOn: 'conn-failure empty-response',
      observe: 'layer7',
    }),
  }),
  front({
    name: 'haproxy-repeat',
    title: 'HAProxy, tuned, repeats POST',
    methods: ['POST'],
    slow: false,
    program: HAPROXY,
    config: haproxyTuned({ ...HAPROXY_TUNED, rule: '' }),
  }),
];

const NGINXES: readonly Contender[] = [
  front({
    name: 'nginx-default',
    title: 'nginx, defaults',
    methods: BOTH,
    slow: true,
    program: NGINX,
    config: NGINX_DEFAULT,
  }),
  front({
    name: 'nginx-tuned',
    title: 'nginx, tuned, answers limited to 100 ms',
    methods: BOTH,
    slow: false,
    program: NGINX,
    config: nginxTuned(''),
  }),
  front({
    name: 'nginx-repeat',
    title: 'nginx, tuned, repeats POST',
    methods: ['POST'],
    slow: false,
    program: NGINX,
    config: nginxTuned(' non_idempotent'),
  }),
];

export const CONTENDERS: readonly Contender[] = [
  direct({ name: 'direct', title: 'no proxy, no fault' }),
  hotwarm({ name: 'hotwarm', title: 'hotwarm, proxy', exclusive: false, via: 'proxy' }),
  hotwarm({
    name: 'hotwarm-exclusive',
    title: 'hotwarm, proxy, exclusive',
    exclusive: true,
    via: 'proxy',
  }),
  hotwarm({ name: 'hotwarm-socket', title: 'hotwarm, socket', exclusive: false, via: 'socket' }),
  ...HAPROXIES,
  ...NGINXES,
];
