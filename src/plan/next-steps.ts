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
        `  hotwarm check${flag}     validate it and predict takeover times`,
        `  hotwarm check${flag}     检查配置，预测接管用时`,
      ),
      say(`  hotwarm up${flag}        start it`, `  hotwarm up${flag}        启动`),
    );
  } else {
    lines.push(
      say(
        'next: add --write to write the configuration of this design',
        '下一步：加上 --write 生成该方案的配置',
      ),
    );
  }
  return lines.map((line) => `${paint(terminal, cell(line, 'quiet'))}\n`).join('');
}
