/** What tells, without PyTorch, that a machine has no GPU. */
import { existsSync } from 'node:fs';

/** What Linux has where there is a GPU that PyTorch may use: NVIDIA's, AMD's, or that of Windows around it. */
export const GPU_FILES = ['/dev/nvidiactl', '/dev/nvidia0', '/dev/kfd', '/dev/dxg'];

/** Whether PyTorch's build with CUDA, which pip takes on Linux, would bring gigabytes for nothing. */
export function showsNoGpu(): boolean {
  return process.platform === 'linux' && !GPU_FILES.some((file) => existsSync(file));
}
