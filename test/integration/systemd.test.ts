import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { StatusReport } from '../../src/api/status.ts';
import { isWhole } from '../../src/drill/agent-process.ts';
import { processesWith } from './processes.ts';
import { Sandbox } from './sandbox.ts';
import { eventually } from '../eventually.ts';

// The unit as it is shipped, run by systemd itself in namespaces of its own: that, and not what one believes of
// KillMode and NotifyAccess, decides what a restart does to the members.

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NAMESPACES = ['--pid', '--mount', '--uts', '--ipc', '--cgroup', '--fork', '--mount-proc'];
const WATCHDOG_S = 2;

/** Why systemd cannot be run here beside whatever manages this machine; false: it can. */
function obstacle(): string | false {
  if (existsSync('/run/systemd/system')) return 'systemd manages this machine already';
  const trial = spawnSync('unshare', [...NAMESPACES, 'mount', '--make-rprivate', '/']);
  return trial.status === 0 ? false : 'namespaces cannot be made by this user here';
}

class Systemd {
  readonly #inside: readonly string[];
  readonly #sandbox: Sandbox;

  private constructor(pid: number, sandbox: Sandbox) {
    this.#inside = ['-t', String(pid), '-p', '-m', '-u', '-i', '-C'];
    this.#sandbox = sandbox;
  }

  /** With the shipped unit, moved to the sandbox. */
  static async boot(t: TestContext, sandbox: Sandbox): Promise<Systemd> {
    const units = sandbox.path('units');
    mkdirSync(units);
    const apart = '[Unit]\nDefaultDependencies=no\n';
    writeFileSync(join(units, 'test.target'), apart);
    const unit = readFileSync(join(ROOT, 'packaging/hotwarm.service'), 'utf8')
      .replaceAll('/usr/bin/hotwarm', join(ROOT, 'bin/hotwarm'))
      .replaceAll('/etc/hotwarm/hotwarm.yaml', sandbox.path('hotwarm.yaml'))
      .replace(/^(?:ConfigurationDirectory|Wants|After)=.*\n/gm, '')
      .replace(/^WatchdogSec=.*$/m, `WatchdogSec=${WATCHDOG_S}s`)
      .replace('[Unit]\n', apart);
    writeFileSync(join(units, 'hotwarm.service'), unit);
    const boot = join(ROOT, 'test/integration/systemd-boot.sh');
    const child = spawn('unshare', [...NAMESPACES, '--kill-child', 'sh', boot, units], {
      stdio: 'ignore',
    });
    // With process 1 of the namespace all others end.
    t.after(() => child.kill('SIGKILL'));
    let pid = 0;
    await eventually('systemd is there', () => {
      const children = `/proc/${child.pid}/task/${child.pid}/children`;
      pid = Number(readFileSync(children, 'utf8').trim());
      return pid > 0 && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'systemd';
    });
    const systemd = new Systemd(pid, sandbox);
    await eventually('systemd answers', async () => (await systemd.ctl('daemon-reload')) === 0);
    return systemd;
  }

  /** Runs systemctl to its end; its exit code. */
  async ctl(...words: readonly string[]): Promise<number> {
    const { code } = await this.#run('systemctl', ...words);
    return code;
  }

  async show(property: string): Promise<string> {
    const { out } = await this.#run('systemctl', 'show', 'hotwarm', '--value', '-p', property);
    return out.trim();
  }

  async kill(signal: string, pid: string): Promise<void> {
    assert.equal((await this.#run('kill', `-${signal}`, pid)).code, 0);
  }

  /** Once it runs with another main process than this one. */
  async another(main: string): Promise<string> {
    await eventually('another agent is the main process', async () => {
      const now = await this.show('MainPID');
      return now !== '0' && now !== main && (await this.show('SubState')) === 'running';
    });
    return await this.show('MainPID');
  }

  /** Pids of the members, of a service that is whole. */
  async members(): Promise<readonly (number | null)[]> {
    let pids: readonly (number | null)[] = [];
    await eventually('the service is whole', async () => {
      const url = `http://127.0.0.1:${this.#sandbox.ports.api}/api/v1/status`;
      const answer = await fetch(url).catch(() => null);
      if (answer === null) return false;
      const { services } = (await answer.json()) as StatusReport; // The API's own document.
      const service = services['shop'];
      if (service === undefined || !isWhole(service)) return false;
      pids = Object.values(service.members).map(({ pid }) => pid);
      return true;
    });
    return pids;
  }

  async #run(...words: readonly string[]): Promise<{ code: number; out: string }> {
    try {
      const { stdout } = await run('nsenter', [...this.#inside, ...words], { timeout: 30_000 });
      return { code: 0, out: stdout };
    } catch (error) {
      const { code } = error as { code: number | null }; // As execFile rejects.
      return { code: code ?? -1, out: '' };
    }
  }
}

test(
  'under systemd the members outlive a death, a hang, a reload and a restart of the agent, and end with a stop',
  { skip: obstacle() },
  async (t) => {
    const sandbox = await Sandbox.open(t);
    await sandbox.useShop();
    const systemd = await Systemd.boot(t, sandbox);
    assert.equal(await systemd.ctl('start', 'hotwarm'), 0);
    assert.equal(await sandbox.ask(), 'a', 'clients are served when the start returns');
    const members = await systemd.members();
    const load = sandbox.load();
    load.start();
    let main = await systemd.show('MainPID');

    await systemd.kill('KILL', main);
    main = await systemd.another(main);
    assert.deepEqual(await systemd.members(), members, 'after a death');

    assert.equal(await systemd.ctl('reload', 'hotwarm'), 0);
    main = await systemd.another(main);
    assert.deepEqual(await systemd.members(), members, 'after a reload');

    await systemd.kill('STOP', main);
    main = await systemd.another(main);
    assert.deepEqual(await systemd.members(), members, 'after a hang');

    assert.equal(await systemd.ctl('restart', 'hotwarm'), 0);
    main = await systemd.another(main);
    assert.deepEqual(await systemd.members(), members, 'after a restart');

    const good = readFileSync(sandbox.path('hotwarm.yaml'), 'utf8');
    await sandbox.write(`${good}\nnonsense: true\n`);
    assert.notEqual(await systemd.ctl('reload', 'hotwarm'), 0, 'a faulty file is refused');
    assert.equal(await systemd.show('MainPID'), main);

    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.match(await systemd.show('StatusText'), /^shop OK, a is serving$/);
    assert.equal(await systemd.ctl('stop', 'hotwarm'), 0);
    assert.equal(await systemd.show('Result'), 'success');
    assert.equal(await sandbox.ask(), null);
    assert.deepEqual(processesWith(`PORT=${sandbox.ports.a}`), []);
  },
);
