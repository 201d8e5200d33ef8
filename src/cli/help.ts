import type { Argument, Command, HelpConfiguration, Option } from 'commander';
import { type Locale, speaker } from '../core/describe/language.ts';
import { displayWidth, wrapText } from '../terminal.ts';

// The words that commander itself puts into a help page, in both languages, and its widths for Han characters.

/** For Command.configureHelp; subcommands inherit it. */
export function helpIn(locale: Locale): HelpConfiguration {
  const shared: HelpConfiguration = {
    optionDescription: (option) => described(option, locale),
    argumentDescription: (argument) => described(argument, locale),
  };
  if (locale === 'en') return shared;
  return {
    ...shared,
    styleTitle: (title) => TITLES[title] ?? title,
    commandUsage: (command) => inChinese(usageOf(command)),
    subcommandTerm: (command) => inChinese(`${command.name()} ${command.usage()}`.trim()),
    displayWidth,
    boxWrap: (text, columns) => wrapText(text, columns).join('\n'),
  };
}

const TITLES: Readonly<Partial<Record<string, string>>> = {
  'Usage:': '用法',
  'Arguments:': '参数：',
  'Options:': '选项：',
  'Commands:': '命令：',
};

function inChinese(usage: string): string {
  return usage.replace('[options]', '[选项]').replace('[command]', '[命令]');
}

function usageOf(command: Command): string {
  const parent = command.parent === null ? '' : `${command.parent.name()} `;
  return `${parent}${command.name()} ${command.usage()}`;
}

/** With its choices and its default, unless that is false. */
function described(one: Option | Argument, locale: Locale): string {
  const say = speaker(locale);
  const { argChoices, defaultValue } = one;
  const notes = [
    argChoices === undefined
      ? ''
      : say(`choices: ${argChoices.join(', ')}`, `可选值：${argChoices.join('、')}`),
    defaultValue === undefined || defaultValue === false
      ? ''
      : say(`default: ${String(defaultValue)}`, `默认：${String(defaultValue)}`),
  ].filter((note) => note !== '');
  if (notes.length === 0) return one.description;
  return say(
    `${one.description} (${notes.join('; ')})`,
    `${one.description}（${notes.join('；')}）`,
  );
}
