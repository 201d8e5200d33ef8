import { speaker } from '../core/describe/language.ts';
import { type Terminal, cell, paint } from '../terminal.ts';
import type { Written } from './write-new.ts';

/** What was written, and what to type next. */
export function nextStepsText(
  { written, isRunnable }: { readonly written: readonly Written[]; readonly isRunnable: boolean },
  terminal: Terminal,
): string {
  const say = speaker(terminal.locale);
  const lines = written.map(({ file, how }) =>
    how === 'new'
      ? say(`wrote ${file}`, `已写入 ${file}`)
      : say(`replaced ${file}`, `已覆盖 ${file}`),
  );
  const [first] = written;
  if (isRunnable && first !== undefined) {
    const flag = /^(?:\.\/)?hotwarm\.yaml$/.test(first.file) ? '' : ` -c ${first.file}`;
    lines.push(
      say('next:', '下一步：'),
      say(
        `  hotwarm check${flag}     what is missing on this machine, and what the timings imply`,
        `  hotwarm check${flag}     检查本机缺少什么，以及时间设定意味着什么`,
      ),
      say(`  hotwarm up${flag}        start it`, `  hotwarm up${flag}        启动`),
    );
  } else {
    lines.push(
      say(
        'next: add --write to get the configuration of this scheme',
        '下一步：加上 --write 生成该方案的配置',
      ),
    );
  }
  return lines.map((line) => `${paint(terminal, cell(line, 'quiet'))}\n`).join('');
}
