import { speaker } from '../../core/describe/language.ts';
import { type PauseOptions, setPaused } from './pause.ts';

/** Ends a pause. */
export async function runResume(options: PauseOptions): Promise<number> {
  const say = speaker(options.terminal.locale);
  return setPaused(options, false, say('is looked after again', '已恢复管理'));
}
