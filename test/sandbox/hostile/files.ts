/** Programs that read or write where they must not. */
import {
  attempts,
  CTYPES,
  entry,
  type HostileProgram,
  REFUSED,
  systemCall,
  type Targets,
} from './hostileProgram.ts';

export function fileAttacks({ canaryFile, writableFolder, marker }: Targets): HostileProgram[] {
  const canary = JSON.stringify(canaryFile);
  const target = JSON.stringify(`${writableFolder}/written`);
  return [
    { name: 'opens a file', program: entry(`return open(${canary}).read()`), outcomes: REFUSED },
    ...attempts({
      'opens a file and swallows the refusal': `found.append(open(${canary}).read())`,
      'opens a file by os.open': `import os\nfound.append(os.read(os.open(${canary}, 0), 99))`,
      'opens a file by io.FileIO': `import io\nfound.append(io.FileIO(${canary}).read())`,
      'opens a file by the loader of a module': `import abc\nfound.append(abc.__loader__.get_data(${canary}))`,
      'reads the list of users': 'found.append(open("/etc/passwd").read())',
      'reads keys from the home folder':
        'import os\nfound.append(open(os.path.expanduser("~/.ssh/id_rsa")).read())',
      'reads its environment from /proc': 'found.append(open("/proc/self/environ").read())',
      'writes its memory through /proc': 'open("/proc/self/mem", "r+b").write(b"x")',
      'lists processes': 'import os\nfound.append(os.listdir("/proc"))',
      'lists the root folder': 'import os\nfound.append(os.listdir("/"))',
      'asks for the state of a file': `import os\nfound.append(os.stat(${canary}).st_size)`,
      'writes a file': `open(${target}, "w").write("here")`,
      'writes where everyone may': `
for folder in ("", "/tmp/", "/dev/shm/", "/var/tmp/"):
    try:
        open(folder + "${marker}", "w").write("here")
        found.append(folder)
    except OSError:
        pass
raise LookupError`,
      'fills the disk': `
with open(${target}, "wb") as file:
    while True: file.write(bytes(1 << 20))`,
      'makes links and folders': `import os\nos.symlink("/etc", ${target})\nos.mkdir(${target})`,
      'links to a file and reads the link': `
import os
os.symlink(${canary}, ${target})
found.append(open(${target}).read())`,
      'removes and renames a file': `import os\nos.rename(${canary}, ${target})\nos.unlink(${canary})`,
      'changes the rights of a file': `import os\nos.chmod(${canary}, 0)`,
      'poisons the standard library': `
import os
with open(os.__file__, "a") as file: file.write("\\n# ${marker}")`,
      'imports a module of its own from the disk': `
import sys
sys.path.insert(0, ${JSON.stringify(writableFolder)})
import planted
found.append(planted.TOKEN)`,
      'imports by a spec from a file': `
import importlib.util
spec = importlib.util.spec_from_file_location("planted", ${JSON.stringify(`${writableFolder}/planted.py`)})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
found.append(module.TOKEN)`,
      'makes a device': 'import os\nos.mknod("/dev/azr", 0o666, os.makedev(1, 1))',
      'changes its root folder': 'import os\nos.chroot("/tmp")',
    }),
    {
      name: 'opens a file by a raw system call',
      program: systemCall('openat', `-100, ${canary}.encode(), 0`),
      outcomes: ['ok', ...REFUSED],
      result: /^-1$/,
    },
    {
      name: 'opens a file by its handle',
      program: systemCall('name_to_handle_at', `-100, ${canary}.encode(), None, None, 0`),
      outcomes: ['ok', ...REFUSED],
      result: /^-1$/,
    },
    {
      name: 'opens a file through the C library',
      program: entry(`return libc().fopen(${canary}.encode(), b"r")`, CTYPES),
      outcomes: ['ok', ...REFUSED],
      result: /^0$/,
    },
  ];
}
