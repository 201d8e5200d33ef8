import { STATE_VERSION, type AgentState } from '../core/state.ts';
import type { ErrorText } from '../errors.ts';

/** Why a state that another version of hotwarm has written is not gone on from. Those before versions were counted have none. */
export function stateVersionError({
  version,
}: {
  readonly version?: AgentState['version'];
}): ErrorText {
  return {
    message: {
      en: 'the journal was written by another version of hotwarm',
      zh: '事件日志由另一版本的 hotwarm 写入',
    },
    reason: {
      en: `its state has version ${version ?? 1}, this version uses ${STATE_VERSION}`,
      zh: `其状态版本为 ${version ?? 1}，本版本使用 ${STATE_VERSION}`,
    },
    hint: {
      en: 'the agent restarts the members that still run; replay this journal with the version that wrote it',
      zh: 'agent 会重启仍在运行的成员；请用写入它的版本重放该事件日志',
    },
  };
}
