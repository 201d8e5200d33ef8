import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Peer } from '../../src/api/auth.ts';
import { createRoutes } from '../../src/api/routes.ts';
import { changeMember, changeService, FakeView, makeIncident } from './fake-view.ts';

type Options = {
  readonly token?: string;
  readonly host?: string;
  readonly peer?: Peer;
  readonly onDefect?: (error: unknown) => void;
};

function fromUser(uid: number | null): Peer {
  return { via: 'tcp', owner: async () => await Promise.resolve(uid) };
}

function api(view: FakeView, options: Options = {}) {
  const app = createRoutes({
    view,
    access: {
      host: options.host ?? '127.0.0.1',
      token: options.token ?? null,
      socket: '/run/hotwarm.sock',
      peerOf: () => options.peer ?? fromUser(0),
    },
    onDefect: options.onDefect ?? (() => {}),
  });
  return async (path: string, init?: RequestInit) => {
    const response = await app.request(path, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? JSON.parse(text) : text,
    };
  };
}

function post(body: string, headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } };
}

function withToken(token: string): RequestInit {
  return { headers: { authorization: `Bearer ${token}` } };
}

function from(host: string): RequestInit {
  return { headers: { host } };
}

test('status answers 200 while served and 503 when down', async () => {
  const view = new FakeView();
  const request = api(view);
  const up = await request('/status');
  assert.deepEqual([up.status, up.body], [200, { status: 'OK', active: 'a', epoch: 3 }]);
  view.current = changeMember(view.current, 'b', (member) => ({ ...member, readySince: null }));
  assert.deepEqual((await request('/status')).body.status, 'DEGRADED');
  view.current = changeService(view.current, 'shop', (service) => ({ ...service, phase: 'down' }));
  const down = await request('/status');
  assert.deepEqual([down.status, down.body.status], [503, 'DOWN']);
});

test('get_status answers what status does', async () => {
  const request = api(new FakeView());
  assert.deepEqual(await request('/get_status'), await request('/status'));
});

test('every answer, errors too, forbids caching, sniffing and frames', async () => {
  const request = api(new FakeView());
  for (const path of ['/status', '/metrics', '/nothing']) {
    const { headers } = await request(path);
    assert.equal(headers.get('cache-control'), 'no-store', path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
    assert.equal(headers.get('x-frame-options'), 'SAMEORIGIN', path);
    assert.equal(headers.get('strict-transport-security'), null, path);
  }
});

test('healthz answers from the start and readyz once the agent has started', async () => {
  const view = new FakeView();
  view.current = { ...view.current, started: false };
  const request = api(view);
  assert.equal((await request('/healthz')).status, 200);
  assert.equal((await request('/readyz')).status, 503);
  view.current = { ...view.current, started: true };
  assert.equal((await request('/readyz')).status, 200);
});

test('incidents are listed newest first, by service, within a limit', async () => {
  const view = new FakeView();
  view.stored = [makeIncident(1), makeIncident(2, { service: 'bank' }), makeIncident(3)];
  const request = api(view);
  const ids = async (path: string): Promise<number[]> =>
    (await request(path)).body.incidents.map(
      (one: (typeof view.stored)[number]) => one.incident.id,
    );
  assert.deepEqual(await ids('/api/v1/incidents'), [3, 2, 1]);
  assert.deepEqual(await ids('/api/v1/incidents?service=shop'), [3, 1]);
  assert.deepEqual(await ids('/api/v1/incidents?limit=1'), [3]);
  assert.deepEqual((await request('/api/v1/incidents/2')).body, view.stored[1]);
});

for (const limit of ['0', '-1', 'all', '1001', '1e3', '']) {
  test(`a limit of ${JSON.stringify(limit)} is a usage error`, async () => {
    const answer = await api(new FakeView())(`/api/v1/incidents?limit=${limit}`);
    assert.deepEqual([answer.status, answer.body.error.code], [400, 'usage']);
  });
}

for (const path of [
  '/api/v1/incidents/99',
  '/api/v1/incidents/x',
  '/nowhere',
  '/api/v1/services/shop/explode',
]) {
  test(`${path} is answered with 404 in the common shape`, async () => {
    const answer = await api(new FakeView())(path);
    assert.equal(answer.status, 404);
    assert.deepEqual(Object.keys(answer.body.error).toSorted(), [
      'code',
      'hint',
      'message',
      'reason',
      'zh',
    ]);
    assert.deepEqual(Object.keys(answer.body.error.zh).toSorted(), ['hint', 'message', 'reason']);
  });
}

test('a refusal that stands is told with its age', async () => {
  const view = new FakeView();
  const refusal = { code: 'holdDown', remainingMs: 9000 } as const;
  view.current = changeService(view.current, 'shop', (service) => ({
    ...service,
    refusals: [{ at: 4000, refusal }],
  }));
  assert.deepEqual((await api(view)('/api/v1/blocked')).body, {
    blocked: [{ service: 'shop', agoMs: 6000, reason: refusal }],
  });
});

test('each command reaches the agent and is answered with its incident', async () => {
  const view = new FakeView();
  const request = api(view);
  for (const [command, body] of [
    ['switchover', '{"to":"b"}'],
    ['failover', ''],
    ['failback', '{}'],
    ['pause', '{}'],
    ['resume', ''],
  ] as const) {
    const answer = await request(`/api/v1/services/shop/${command}`, post(body));
    assert.deepEqual([answer.status, answer.body], [202, { incident: 7 }]);
  }
  assert.deepEqual(view.commands, [
    { type: 'switchover', service: 'shop', to: 'b' },
    { type: 'failover', service: 'shop', to: null },
    { type: 'failback', service: 'shop' },
    { type: 'pause', service: 'shop' },
    { type: 'resume', service: 'shop' },
  ]);
});

test('a refused command is 409 with its refusal, an unknown name 404', async () => {
  const view = new FakeView();
  const request = api(view);
  const refusal = { code: 'holdDown', remainingMs: 9000 } as const;
  view.answer = { accepted: false, refusal };
  const refused = await request('/api/v1/services/shop/failback', post('{}'));
  assert.equal(refused.status, 409);
  assert.equal(refused.body.error.code, 'refused');
  assert.deepEqual(refused.body.error.refusal, refusal);
  assert.ok(refused.body.error.reason.length > 0 && refused.body.error.hint.length > 0);
  view.answer = { accepted: false, refusal: { code: 'unknownService', service: 'x' } };
  const unknown = await request('/api/v1/services/x/pause', post('{}'));
  assert.deepEqual([unknown.status, unknown.body.error.code], [404, 'notFound']);
});

for (const [title, init] of [
  ['a body that is not JSON', post('{to: b}')],
  ['a body with an unknown key', post('{"target":"b"}')],
  ['a body of the wrong type', post('{"to":5}')],
  ['a body that is a number', post('5')],
  ['a body that is null', post('null')],
  ['a body that is a list', post('[]')],
  ['a form, as a foreign page could send it', post('to=b', { 'content-type': 'text/plain' })],
  ['a body over 64 KiB', post(JSON.stringify({ to: 'x'.repeat(70_000) }))],
] as const) {
  test(`${title} is a usage error and reaches nobody`, async () => {
    const view = new FakeView();
    const answer = await api(view)('/api/v1/services/shop/switchover', init);
    assert.deepEqual([answer.status, answer.body.error.code], [400, 'usage']);
    assert.deepEqual(view.commands, []);
  });
}

test('a command never happens by GET', async () => {
  const view = new FakeView();
  assert.equal((await api(view)('/api/v1/services/shop/failover')).status, 404);
  assert.deepEqual(view.commands, []);
});

test('with a token everything but the load balancers paths wants it', async () => {
  const view = new FakeView();
  const request = api(view, { token: 'secret' });
  for (const path of ['/api/v1/status', '/metrics', '/api/v1/events', '/api/v1/incidents']) {
    assert.equal((await request(path)).status, 401, path);
    assert.equal((await request(path, withToken('wrong'))).status, 401, path);
  }
  const post401 = await request('/api/v1/services/shop/pause', post('{}'));
  assert.equal(post401.body.error.code, 'unauthorized');
  assert.deepEqual(view.commands, []);
  assert.equal((await request('/api/v1/status', withToken('secret'))).status, 200);
  for (const path of ['/status', '/get_status', '/healthz', '/readyz']) {
    assert.equal((await request(path)).status, 200, path);
  }
});

test('a foreign host name is refused on loopback, as after DNS rebinding', async () => {
  const request = api(new FakeView());
  for (const host of ['evil.example', 'evil.example:7070', '127.0.0.1.evil.example', '192.0.2.7']) {
    assert.equal((await request('/api/v1/status', from(host))).status, 401, host);
  }
  for (const host of [
    '127.0.0.1:7070',
    'localhost:7070',
    '[::1]:7070',
    '127.0.0.2',
    'LOCALHOST',
    'localhost.',
    'LocalHost.:80',
  ]) {
    assert.equal((await request('/api/v1/status', from(host))).status, 200, host);
  }
});

test('without a token only root and the own user may send commands', async () => {
  const own = process.geteuid?.() ?? 0;
  for (const [peer, status] of [
    [fromUser(0), 202],
    [fromUser(own), 202],
    [fromUser(own + 1), 401],
    [fromUser(null), 401],
    [{ via: 'unix' }, 202],
  ] as const) {
    const view = new FakeView();
    const request = api(view, { peer });
    const answer = await request('/api/v1/services/shop/pause', post('{}'));
    assert.equal(answer.status, status);
    assert.equal(view.commands.length, status === 202 ? 1 : 0);
    if (status === 401) assert.match(answer.body.error.hint, /\/run\/hotwarm\.sock.*agent\.token/);
    assert.equal((await request('/api/v1/status')).status, 200, 'everyone may read');
  }
});

test('the Unix socket needs neither a token nor a host name', async () => {
  const request = api(new FakeView(), { token: 'secret', peer: { via: 'unix' } });
  assert.equal((await request('/api/v1/status', from('any.example'))).status, 200);
});

test('a defect is reported to the agent, and answered without its details', async () => {
  const view = new FakeView();
  const defect = new Error('secret detail of the inside');
  view.state = () => {
    throw defect;
  };
  const reported: unknown[] = [];
  const answer = await api(view, { onDefect: (error) => reported.push(error) })('/api/v1/status');
  assert.deepEqual(reported, [defect]);
  assert.equal(answer.status, 500);
  assert.equal(answer.body.error.code, 'internal');
  assert.doesNotMatch(JSON.stringify(answer.body), /secret detail/);
});
