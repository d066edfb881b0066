/** Programs that start others, or turn against those there are. */
import {
  attempts,
  CTYPES,
  entry,
  type HostileProgram,
  REFUSED,
  SYSTEM_CALLS,
  systemCall,
  type Targets,
} from './hostileProgram.ts';

export function processAttacks({ writableFolder, serverPids }: Targets): HostileProgram[] {
  const target = JSON.stringify(`${writableFolder}/touched`);
  // A program is not told who its parent is; in namespaces its parent is one of the first.
  const parents = `(${[2, 3, ...serverPids].join(', ')})`;
  return [
    ...attempts({ 'starts a program': `import subprocess\nsubprocess.run(["touch", ${target}])` }),
    {
      name: 'calls os.system',
      program: entry(`import os\nreturn os.system("touch " + ${target})`),
      outcomes: ['ok', ...REFUSED],
      // The shell that could not be started.
      result: /^(?:32512|-1)$/,
    },
    ...attempts({
      'calls os.posix_spawn': `import os\nos.posix_spawn("/bin/touch", ["touch", ${target}], {})`,
    }),
    {
      name: 'replaces itself by another program',
      program: entry('import os\nos.execv("/bin/true", ["true"])'),
      outcomes: REFUSED,
    },
    {
      name: 'replaces itself by a raw system call',
      program: systemCall('execve', 'b"/bin/true", None, None'),
      outcomes: REFUSED,
    },
    {
      name: 'forks without end',
      program: entry(`
import os
count = 0
for _ in range(200):
    try:
        if os.fork() == 0:
            while True: pass
        count += 1
    except (OSError, AttributeError):
        pass
return count`),
      outcomes: ['ok', ...REFUSED],
      result: /^0$/,
    },
    {
      name: 'forks by a raw system call',
      program: systemCall('clone', '17, 0, 0, 0, 0'),
      outcomes: ['ok', ...REFUSED],
      result: /^-1$/,
    },
    {
      name: 'forks by the newest system call',
      program: systemCall('clone3', 'bytes(88), 88'),
      outcomes: ['ok', ...REFUSED],
      result: /^-1$/,
    },
    {
      name: 'starts threads',
      program: entry(`
import _thread
started = 0
for _ in range(400):
    try:
        _thread.start_new_thread(sum, (range(10**6),))
        started += 1
    except RuntimeError:
        pass
return started`),
      outcomes: ['ok', ...REFUSED],
      result: /^0$/,
    },
    {
      name: 'becomes a daemon',
      program: entry(`
import os
os.setsid()
if os.fork(): os._exit(0)
if os.fork(): os._exit(0)
while True: pass`),
      outcomes: REFUSED,
    },
    {
      name: 'kills its parent',
      program: entry(`import os\nfor n in ${parents}: os.kill(n, 9)\nreturn 1`),
      outcomes: REFUSED,
    },
    {
      name: 'kills its parent by a raw system call',
      program: entry(
        `return max(libc().syscall(${SYSTEM_CALLS['kill']!}, n, 9) for n in ${parents})`,
        CTYPES,
      ),
      outcomes: ['ok', ...REFUSED],
      result: /^-1$/,
    },
    {
      name: 'kills its group and everyone',
      program: entry(
        `
c = libc()
return [c.syscall(${SYSTEM_CALLS['kill']!}, n, 9) for n in (0, -1)] + [c.killpg(0, 9)]`,
        CTYPES,
      ),
      outcomes: ['ok', ...REFUSED],
      result: /^\[-1, -1, -1\]$/,
    },
    {
      name: 'signals its parent by thread number',
      program: entry(
        `
c = libc()
return [max(c.syscall(${SYSTEM_CALLS['tkill']!}, n, 9) for n in ${parents}),
        max(c.syscall(${SYSTEM_CALLS['rt_sigqueueinfo']!}, n, 9, bytes(128)) for n in ${parents})]`,
        CTYPES,
      ),
      outcomes: ['ok', ...REFUSED],
      result: /^\[-1, -1\]$/,
    },
    {
      name: 'holds on to its parent',
      program: entry(
        `return max(libc().syscall(${SYSTEM_CALLS['pidfd_open']!}, n, 0) for n in ${parents})`,
        CTYPES,
      ),
      outcomes: REFUSED,
    },
    {
      name: 'traces its parent',
      program: entry(`return max(libc().ptrace(16, n, 0, 0) for n in ${parents})`, CTYPES),
      outcomes: REFUSED,
    },
    {
      name: 'reads the memory of its parent',
      program: entry(
        `return max(libc().process_vm_readv(n, None, 0, None, 0, 0) for n in ${parents})`,
        CTYPES,
      ),
      outcomes: REFUSED,
    },
    {
      name: 'writes the memory of its parent',
      program: entry(
        `return max(libc().process_vm_writev(n, None, 0, None, 0, 0) for n in ${parents})`,
        CTYPES,
      ),
      outcomes: REFUSED,
    },
  ];
}
