import type { EffectFault, ProbeFault } from '../reasons.ts';
import type { Locale, Text } from './language.ts';

const PROBE_FAULTS: Readonly<Record<ProbeFault, Text>> = {
  refused: { en: 'connection refused', zh: '连接被拒绝' },
  reset: { en: 'connection reset', zh: '连接被重置' },
  closed: { en: 'connection closed before a response', zh: '连接在响应之前被关闭' },
  timeout: { en: 'timed out', zh: '超时未响应' },
  badStatus: { en: 'error status', zh: '响应状态码异常' },
  badAnswer: { en: 'invalid response', zh: '响应无效' },
  commandFailed: { en: 'probe command failed', zh: '探测命令执行失败' },
  unreachable: { en: 'address unreachable', zh: '地址不可达' },
};

const EFFECT_FAULTS: Readonly<Record<EffectFault, Text>> = {
  dependencyFailed: { en: 'a required step failed', zh: '所依赖的步骤失败' },
  cancelled: { en: 'canceled', zh: '已撤销' },
  timedOut: { en: 'not done in time', zh: '超时未完成' },
  notFound: { en: 'file or program not found', zh: '文件或程序不存在' },
  permission: { en: 'permission denied', zh: '权限不足' },
  portTaken: { en: 'port in use', zh: '端口已被占用' },
  startFailed: { en: 'process could not be started', zh: '进程无法启动' },
  notReady: { en: 'member not ready in time', zh: '成员未能及时就绪' },
  stillRunning: { en: 'process still running', zh: '进程仍在运行' },
  conflict: { en: 'lost the race for the lease', zh: '租约已被抢先获取' },
  storeUnavailable: { en: 'lease store not available', zh: '租约存储不可用' },
  diskFull: { en: 'disk full', zh: '磁盘已满' },
  driverFailed: { en: 'driver failed', zh: '驱动执行失败' },
};

/** Why a probe or an effect failed. */
export function describeFault(fault: ProbeFault | EffectFault, locale: Locale): string {
  return { ...PROBE_FAULTS, ...EFFECT_FAULTS }[fault][locale];
}

/** With the detail that a driver, the system or a program reported, which is in English. */
export function describeFaultDetail(
  fault: ProbeFault | EffectFault,
  detail: string,
  locale: Locale,
): string {
  const text = describeFault(fault, locale);
  if (detail === '') return text;
  return locale === 'zh' ? `${text}（系统信息：${detail}）` : `${text} (${detail})`;
}
