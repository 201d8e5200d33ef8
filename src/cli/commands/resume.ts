import { speaker } from '../../core/describe/language.ts';
import { type PauseOptions, setPaused } from './pause.ts';

/** Resumes automatic actions. */
export async function runResume(options: PauseOptions): Promise<number> {
  const say = speaker(options.terminal.locale);
  return setPaused(options, false, say('resumed', '的自动切换已恢复'));
}
