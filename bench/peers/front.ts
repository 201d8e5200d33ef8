import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFreePorts } from '../../src/drill/free-ports.ts';
import { ask, Child } from './child.ts';
import type { Contender, Running } from './contender.ts';

// A peer: its proxy in front of two processes of the same small web service, `a` preferred and `b` as backup.
// Nothing restarts a peer's server while a trial is measured. Between trials the bench starts it anew, and the
// proxy with it, so that each trial begins from the same state.

const READY_WITHIN_MS = 20_000;
const SERVER = fileURLToPath(new URL('../../examples/web/server.js', import.meta.url));

export type FrontPorts = { readonly listen: number; readonly a: number; readonly b: number };

export type Program = {
  /** The whole file, as the program reads it. */
  file(options: { readonly text: string; readonly folder: string }): string;
  command(options: { readonly file: string; readonly folder: string }): readonly string[];
};

export const HAPROXY: Program = {
  file: ({ text }) => text,
  // In the foreground, as one process.
  command: ({ file }) => ['haproxy', '-db', '-f', file],
};

export const NGINX: Program = {
  file: ({ text, folder }) => `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
${text.replaceAll(/^(?=.)/gm, '  ')}}
`,
  command: ({ file, folder }) => ['nginx', '-p', folder, '-e', 'stderr', '-c', file],
};

/** `text` names the ports: $LISTEN, $A, $B. */
export function fillPorts(text: string, ports: FrontPorts): string {
  return text
    .replaceAll('$LISTEN', String(ports.listen))
    .replaceAll('$A', String(ports.a))
    .replaceAll('$B', String(ports.b));
}

/** Starts a peer's proxy with a configuration of its own in a temporary folder. */
export async function startProgram(
  program: Program,
  text: string,
): Promise<{ readonly child: Child; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'hotwarm-peer-'));
  const file = join(folder, 'peer.conf');
  await writeFile(file, program.file({ text, folder }));
  const child = new Child(program.command({ file, folder }));
  return {
    child,
    close: async () => {
      await child.end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function front(
  options: Pick<Contender, 'name' | 'title' | 'methods' | 'slow'> & {
    readonly program: Program;
    readonly config: string;
  },
): Contender {
  const { program, config, ...rest } = options;
  return { ...rest, config, acts: ['kill', 'hang'], start: () => start(program, config) };
}

async function start(program: Program, config: string): Promise<Running> {
  const [listen = 0, a = 0, b = 0] = await findFreePorts(3);
  const text = fillPorts(config, { listen, a, b });
  let active = startMember('a', a);
  const standby = startMember('b', b);
  let proxy = await startProgram(program, text);
  const servesA = async () => (await ask(listen, '/'))?.includes('"a"') ?? false;
  const whole = async (): Promise<void> => {
    await Promise.all([untilReady(active, a), untilReady(standby, b)]);
    await proxy.child.until(servesA, READY_WITHIN_MS);
  };
  const close = async (): Promise<void> => {
    await proxy.close();
    await Promise.all([active.end('SIGKILL'), standby.end('SIGKILL')]);
  };
  try {
    await whole();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    port: listen,
    activePid: () => Promise.resolve(active.pid),
    heal: async () => {
      await active.end('SIGKILL');
      active = startMember('a', a);
      await untilReady(active, a);
      await proxy.close();
      proxy = await startProgram(program, text);
      await whole();
    },
    close,
  };
}

/** No proxy at all and no fault: what the client and the machine alone show. */
export function direct(options: Pick<Contender, 'name' | 'title'>): Contender {
  return {
    ...options,
    methods: ['GET'],
    acts: ['none'],
    slow: false,
    config: null,
    start: async () => {
      const [port = 0] = await findFreePorts(1);
      const member = startMember('a', port);
      await untilReady(member, port);
      return {
        port,
        activePid: () => Promise.resolve(member.pid),
        heal: () => Promise.resolve(),
        close: () => member.end('SIGKILL'),
      };
    },
  };
}

function startMember(name: string, port: number): Child {
  return new Child([process.execPath, SERVER], { PORT: String(port), HOTWARM_MEMBER: name });
}

function untilReady(member: Child, port: number): Promise<void> {
  return member.until(async () => (await ask(port, '/healthz')) !== null, READY_WITHIN_MS);
}
