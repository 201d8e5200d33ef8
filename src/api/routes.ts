import { type Context, Hono } from 'hono';
import { z } from 'zod';
import type { AgentView, CommandRequest } from '../agent/contract.ts';
import { AppError, systemReason, untranslated } from '../errors.ts';
import { type Access, limitedUser, requireAccess, requireJson } from './auth.ts';
import { readBody } from './body.ts';
import { EVENT_LIMITS, type EventLimits, eventRoute } from './events.ts';
import { answerError, refusalResponse, notFound, usage } from './failures.ts';
import type { Metrics } from './metrics.ts';
import { briefStatus, reportStatus } from './status.ts';

// The HTTP interface of one agent. Reading never changes anything and commands are only accepted here,
// never awaited: their answer names the incident to follow.

type ApiOptions = {
  readonly view: AgentView;
  readonly access: Access;
  readonly events?: EventLimits;
  /** Gets what nobody expected: the client gets no details of it. */
  readonly onDefect: (error: unknown) => void;
};

const DEFAULT_INCIDENTS = 50;
const MAX_INCIDENTS = 1000;

const COMMANDS = ['switchover', 'failover', 'failback', 'pause', 'resume'] as const;
type Command = (typeof COMMANDS)[number];

const moveBody = z.strictObject({ to: z.string().min(1).max(200).nullable().optional() });
const emptyBody = z.strictObject({});

export function createRoutes(options: ApiOptions): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    if (!(error instanceof AppError)) options.onDefect(error);
    const { status, body } = answerError(error);
    return context.json(body, status);
  });
  app.notFound((context) => {
    const { status, body } = answerError(
      notFound({
        en: `no such path: ${context.req.path}`,
        zh: `没有该路径：${context.req.path}`,
      }),
    );
    return context.json(body, status);
  });
  app.use(requireAccess(options.access));
  app.use(async (context, next) => {
    await next();
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
  });
  addHealth(app, options.view);
  addReading(app, options);
  addCommands(app, options.view);
  return app;
}

function addHealth(app: Hono, view: AgentView): void {
  const answerStatus = (context: Context): Response => {
    const brief = briefStatus(view.state());
    return context.json(brief, brief.status === 'DOWN' ? 503 : 200);
  };
  app.get('/status', answerStatus);
  // Its former name, for load balancers that ask for it.
  app.get('/get_status', answerStatus);
  // Answers at all: the agent's loop runs.
  app.get('/healthz', (context) => context.json({ status: 'OK' }));
  // Has looked at its members: its statements can be relied on.
  app.get('/readyz', (context) => {
    const isReady = view.state().started;
    return context.json({ status: isReady ? 'OK' : 'STARTING' }, isReady ? 200 : 503);
  });
}

function addReading(app: Hono, { view, access, events }: ApiOptions): void {
  // Loaded beside the first answers, not before them, and at once, as loading it later would hold up a decision.
  const metrics = loadMetrics(view);
  app.get('/metrics', async (context) => {
    const { contentType, text } = await (await metrics).render();
    return context.body(text, 200, { 'content-type': contentType });
  });
  app.get('/api/v1/status', (context) => context.json(reportStatus(view.state())));
  app.get('/api/v1/blocked', (context) => context.json({ blocked: listBlocked(view) }));
  app.get('/api/v1/incidents', (context) => {
    const service = context.req.query('service') ?? null;
    const limit = parseLimit(context.req.query('limit'));
    return context.json({ incidents: view.incidents({ service, limit }) });
  });
  app.get('/api/v1/incidents/:id', (context) => {
    const id = context.req.param('id');
    const stored = /^\d{1,15}$/.test(id) ? view.incident(Number(id)) : null;
    if (stored === null)
      throw notFound({ en: `no incident ${id}`, zh: `没有第 ${id} 次切换的记录` });
    return context.json(stored);
  });
  app.get(
    '/api/v1/events',
    eventRoute(view, events ?? EVENT_LIMITS, async (context) => await limitedUser(access, context)),
  );
}

async function loadMetrics(view: AgentView): Promise<Metrics> {
  const { openMetrics } = await import('./metrics.ts');
  return openMetrics(view);
}

function addCommands(app: Hono, view: AgentView): void {
  for (const command of COMMANDS) {
    app.post(`/api/v1/services/:name/${command}`, requireJson, async (context) => {
      const service = context.req.param('name');
      const body = parseJson(await readBody(context.req.raw));
      const answer = view.command(toRequest(command, service, body));
      if (answer.accepted) return context.json({ incident: answer.incident }, 202);
      const failure = refusalResponse(answer.refusal);
      return context.json(failure.body, failure.status);
    });
  }
}

/** What hotwarm considers by itself and does not do at present, by service. */
function listBlocked(view: AgentView): readonly unknown[] {
  const now = view.now();
  return view
    .state()
    .services.flatMap(({ name, refusals }) =>
      refusals.map(({ at, refusal }) => ({ service: name, agoMs: now - at, reason: refusal })),
    );
}

function toRequest(command: Command, service: string, body: unknown): CommandRequest {
  if (command === 'switchover' || command === 'failover') {
    return { type: command, service, to: parseBody(moveBody, body).to ?? null };
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

/** No body counts as an empty one. */
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
