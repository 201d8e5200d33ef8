import { type Context, type Env, Hono, type MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { validator } from 'hono/validator';
import { z } from 'zod';
import type { AgentView, CommandRequest } from '../agent/contract.ts';
import type { Refusal } from '../core/reasons.ts';
import { AppError, systemReason, untranslated } from '../errors.ts';
import { type Access, limitedUser, requireAccess, requireJson } from './auth.ts';
import { readBody } from './body.ts';
import { EVENT_LIMITS, type EventLimits, eventRoute } from './events.ts';
import { answerError, refusalResponse, notFound, usage } from './failures.ts';
import type { Metrics } from './metrics.ts';
import { briefStatus, reportStatus } from './status.ts';

// The HTTP interface of one agent. Reading changes nothing. Commands are accepted, not awaited: the response contains the
// ID of the incident to follow.

type ApiOptions = {
  readonly view: AgentView;
  readonly access: Access;
  readonly events?: EventLimits;
  /** Receives unexpected errors; the client gets no details. */
  readonly onDefect: (error: unknown) => void;
};

const DEFAULT_INCIDENTS = 50;
const MAX_INCIDENTS = 1000;

const COMMANDS = ['switchover', 'failover', 'failback', 'pause', 'resume'] as const;
export type Command = (typeof COMMANDS)[number];

const takeoverBody = z.strictObject({ to: z.string().min(1).max(200).nullable().optional() });
const emptyBody = z.strictObject({});
const anyBody = z.looseObject({});

/** The routes as types, for `hc` of hono/client. */
export type ApiRoutes = ReturnType<typeof createRoutes>;

export function createRoutes(options: ApiOptions) {
  const app = new Hono();
  app.onError((error, context) => {
    if (!(error instanceof AppError)) options.onDefect(error);
    const { status, body } = answerError(error);
    return context.json(body, status);
  });
  app.notFound((context) => {
    const { status, body } = answerError(noSuchPath(context));
    return context.json(body, status);
  });
  app.use(requireAccess(options.access));
  // It speaks plain HTTP, where browsers ignore the header that demands TLS.
  app.use(secureHeaders({ strictTransportSecurity: false }));
  app.use(async (context, next) => {
    await next();
    context.header('cache-control', 'no-store');
  });
  return app
    .route('/', healthRoutes(options.view))
    .route('/', readingRoutes(options))
    .route('/api/v1/services', commandRoutes(options.view));
}

function healthRoutes(view: AgentView) {
  return (
    new Hono()
      // `/get_status` is the old name, for load balancers that still use it.
      .on('GET', ['/status', '/get_status'], (context) => {
        const brief = briefStatus(view.state());
        return context.json(brief, brief.status === 'DOWN' ? 503 : 200);
      })
      // Any response proves that the agent's event loop runs.
      .get('/healthz', (context) => context.json({ status: 'OK' }))
      // The agent has probed its members: its status is reliable.
      .get('/readyz', (context) => {
        const isReady = view.state().started;
        return context.json({ status: isReady ? 'OK' : 'STARTING' }, isReady ? 200 : 503);
      })
  );
}

function readingRoutes({ view, access, events }: ApiOptions) {
  // Loaded at once but not awaited: it must delay neither the first responses nor a later decision.
  const metrics = loadMetrics(view);
  const userOf = async (context: Context): Promise<string | null> =>
    await limitedUser(access, context);
  return new Hono()
    .get('/metrics', async (context) => {
      const { contentType, text } = await (await metrics).render();
      return context.body(text, 200, { 'content-type': contentType });
    })
    .get('/api/v1/status', (context) => context.json(reportStatus(view.state())))
    .get('/api/v1/blocked', (context) => context.json({ blocked: listBlocked(view) }))
    .get('/api/v1/incidents', validator('query', incidentQuery), (context) => {
      const { service = null, limit } = context.req.valid('query');
      return context.json({ incidents: view.incidents({ service, limit: parseLimit(limit) }) });
    })
    .get('/api/v1/incidents/:id', (context) => {
      const id = context.req.param('id');
      const stored = /^\d{1,15}$/.test(id) ? view.incident(Number(id)) : null;
      if (stored === null)
        throw notFound({ en: `no incident ${id}`, zh: `没有第 ${id} 次切换的记录` });
      return context.json(stored);
    })
    .get('/api/v1/events', eventRoute(view, events ?? EVENT_LIMITS, userOf));
}

async function loadMetrics(view: AgentView): Promise<Metrics> {
  const { openMetrics } = await import('./metrics.ts');
  return openMetrics(view);
}

function commandRoutes(view: AgentView) {
  return new Hono().post(
    '/:name/:command',
    validator('param', commandParam),
    requireJson,
    readJson,
    (context) => {
      const { name, command } = context.req.valid('param');
      const answer = view.command(toRequest(command, name, context.req.valid('json')));
      if (answer.accepted) return context.json({ incident: answer.incident }, 202);
      const failure = refusalResponse(answer.refusal);
      return context.json(failure.body, failure.status);
    },
  );
}

/** An action that hotwarm considers by itself and does not take, and why. */
export type BlockedAction = {
  readonly service: string;
  readonly agoMs: number;
  readonly reason: Refusal;
};

type CommandBody = z.input<typeof takeoverBody>;

/** The body as it was sent: which keys it may have is for the command. */
const readJson: MiddlewareHandler<
  Env,
  string,
  { in: { json: CommandBody }; out: { json: unknown } }
> = async (context, next) => {
  const body = parseJson(await readBody(context.req.raw));
  context.req.addValidatedData('json', parseBody(anyBody, body));
  await next();
};

function commandParam(
  { name = '', command }: Readonly<Record<string, string>>,
  context: Context,
): { name: string; command: Command } {
  const known = COMMANDS.find((one) => one === command);
  if (known === undefined) throw noSuchPath(context);
  return { name, command: known };
}

function incidentQuery(query: Readonly<Record<string, string | string[]>>): {
  service?: string | undefined;
  limit?: string | undefined;
} {
  return { service: query['service']?.toString(), limit: query['limit']?.toString() };
}

/** What hotwarm considers by itself and does not do at present, by service. */
function listBlocked(view: AgentView): readonly BlockedAction[] {
  const now = view.now();
  return view
    .state()
    .services.flatMap(({ name, refusals }) =>
      refusals.map(({ at, refusal }) => ({ service: name, agoMs: now - at, reason: refusal })),
    );
}

function noSuchPath({ req }: Context): AppError {
  return notFound({ en: `no such path: ${req.path}`, zh: `没有该路径：${req.path}` });
}

function toRequest(command: Command, service: string, body: unknown): CommandRequest {
  if (command === 'switchover' || command === 'failover') {
    return { type: command, service, to: parseBody(takeoverBody, body).to ?? null };
  }
  parseBody(emptyBody, body);
  return { type: command, service };
}

function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const detail = z.prettifyError(parsed.error).replaceAll('\n', ' ');
  throw usage({ en: 'invalid request', zh: '请求无效' }, untranslated(detail));
}

/** A missing body counts as an empty one. */
function parseJson(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usage({ en: 'the request is not JSON', zh: '请求不是 JSON' }, systemReason(error));
  }
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_INCIDENTS;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_INCIDENTS) return limit;
  throw usage(
    { en: 'invalid limit', zh: 'limit 无效' },
    {
      en: `${text} is not an integer from 1 to ${MAX_INCIDENTS}`,
      zh: `${text} 不是 1 到 ${MAX_INCIDENTS} 的整数`,
    },
  );
}
