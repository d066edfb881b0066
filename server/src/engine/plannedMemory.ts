/** How an engine is to use its device's memory for a run, before the model is loaded. */
import { ProblemError } from '../../protocol/problem.ts';
import type { DeviceKind, MemoryDemand, MemoryPlan, ModelShape } from './memoryPlan.ts';
import { describePlan, planMemory, waysToFit } from './memoryPlan.ts';
import type { Extensions } from './tinker/wire.ts';

export interface MemoryKnowledge {
  readonly shape: ModelShape;
  readonly demand: MemoryDemand;
  /** Of this machine; a GPU with memory of its own tells it itself. */
  readonly machineMemoryMb: number;
}

/** Undefined where nothing is known. Throws a ProblemError, before the model is loaded, when it would not fit the engine's device. */
export function planFor(
  { memory_plan, device, device_memory_bytes }: Extensions,
  memory: MemoryKnowledge | undefined,
): MemoryPlan | undefined {
  if (memory === undefined || memory_plan !== true || !isDeviceKind(device)) return undefined;
  const { shape, demand, machineMemoryMb } = memory;
  const ownMb = (device_memory_bytes ?? machineMemoryMb * 2 ** 20) / 2 ** 20;
  const known = { device, memoryMb: Math.floor(ownMb) };
  const plan = planMemory(shape, demand, known);
  if (plan.fits) return plan;
  const ways = waysToFit(shape, demand, known);
  throw new ProblemError({
    code: 'does_not_fit',
    message: `The run does not fit the memory of this machine's ${device.toUpperCase()}: it would take ${describePlan(plan)}.`,
    remedy: `One of these makes it fit: ${ways.join('; ')}.`,
  });
}

function isDeviceKind(device: string | undefined): device is DeviceKind {
  return device === 'cuda' || device === 'mps' || device === 'cpu';
}

/** As `create_model` takes it. */
export function wirePlan(plan: MemoryPlan): object {
  return {
    micro_batch_tokens: plan.microBatchTokens,
    recompute_layers: plan.recomputeLayers,
    cache_tokens: plan.cacheTokens,
  };
}
