import type { EffectFault, ProbeFault } from '../reasons.ts';
import type { Locale, Text } from './language.ts';

const PROBE_FAULTS: Readonly<Record<ProbeFault, Text>> = {
  refused: { en: 'the connection was refused', zh: '连接被拒绝' },
  reset: { en: 'the connection was reset', zh: '连接被重置' },
  closed: { en: 'the connection was closed before an answer', zh: '连接在应答之前被关闭' },
  timeout: { en: 'there was no answer in time', zh: '未在限定时间内应答' },
  badStatus: { en: 'the answer had an error status', zh: '应答的状态码表示错误' },
  badAnswer: { en: 'the answer made no sense', zh: '应答内容不符合预期' },
  commandFailed: { en: 'the probe command failed', zh: '探测命令执行失败' },
  unreachable: { en: 'there is no way to the address', zh: '地址不可达' },
};

const EFFECT_FAULTS: Readonly<Record<EffectFault, Text>> = {
  dependencyFailed: { en: 'a step that it needed had failed', zh: '它所依赖的步骤失败' },
  cancelled: { en: 'it was called off', zh: '已被取消' },
  timedOut: { en: 'it did not end in time', zh: '未在限定时间内完成' },
  notFound: { en: 'what it needs does not exist', zh: '所需的文件或程序不存在' },
  permission: { en: 'it is not permitted', zh: '权限不足' },
  portTaken: { en: 'the port is in use', zh: '端口已被占用' },
  startFailed: { en: 'the process could not be started', zh: '进程无法启动' },
  notReady: { en: 'the member did not get ready in time', zh: '成员未能及时就绪' },
  stillRunning: { en: 'the process is still running', zh: '进程仍在运行' },
  conflict: { en: 'another one was faster', zh: '已被他方抢先' },
  storeUnavailable: { en: 'the lease store does not answer', zh: '租约存储不可用' },
  diskFull: { en: 'the disk is full', zh: '磁盘已满' },
  driverFailed: { en: 'the driver failed', zh: '驱动执行失败' },
};

/** Why one observation or one order did not succeed. */
export function describeFault(fault: ProbeFault | EffectFault, locale: Locale): string {
  return { ...PROBE_FAULTS, ...EFFECT_FAULTS }[fault][locale];
}
