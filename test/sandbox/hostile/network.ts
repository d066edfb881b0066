/** Programs that try to reach another program. */
import {
  attempts,
  CTYPES,
  entry,
  type HostileProgram,
  REFUSED,
  SYSTEM_CALLS,
  type Targets,
} from './hostileProgram.ts';

/** Makes a raw socket and uses it; every call must fail. */
function rawSocket(family: number, kind: number, use: string): string {
  return entry(
    `
c = libc()
s = c.syscall(${SYSTEM_CALLS['socket']!}, ${family}, ${kind}, 0)
${use}`,
    CTYPES,
  );
}

function internetAddress(port: number): string {
  return `b"\\x02\\x00" + (${port}).to_bytes(2, "big") + bytes([127, 0, 0, 1]) + bytes(8)`;
}

export function networkAttacks({ tcpPort, udpPort, unixName }: Targets): HostileProgram[] {
  return [
    ...attempts({
      'connects over TCP': `
import socket
socket.create_connection(("127.0.0.1", ${tcpPort}), timeout=1)
found.append("connected")`,
      'fetches an address': `
import urllib.request
found.append(urllib.request.urlopen("http://127.0.0.1:${tcpPort}/").read())`,
      'uses the socket module that C brings along': `
import _socket
s = _socket.socket(2, 1)
s.connect(("127.0.0.1", ${tcpPort}))
found.append("connected")`,
      'asks for a name': 'import socket\nfound.append(socket.gethostbyname("localhost"))',
    }),
    {
      name: 'connects with a raw socket',
      program: rawSocket(2, 1, `return [s, c.connect(s, ${internetAddress(tcpPort)}, 16)]`),
      outcomes: ['ok', ...REFUSED],
      result: /^\[-1, -1\]$/,
    },
    {
      name: 'sends a datagram with a raw socket',
      program: rawSocket(
        2,
        2,
        `return [s, c.sendto(s, b"out", 3, 0, ${internetAddress(udpPort)}, 16)]`,
      ),
      outcomes: ['ok', ...REFUSED],
      result: /^\[-1, -1\]$/,
    },
    {
      name: 'connects to an abstract unix socket',
      program: rawSocket(
        1,
        1,
        `
address = b"\\x01\\x00\\x00${unixName}"
return [s, c.connect(s, address, len(address))]`,
      ),
      outcomes: ['ok', ...REFUSED],
      result: /^\[-1, -1\]$/,
    },
    {
      name: 'listens on a port',
      program: rawSocket(2, 1, `return [s, c.bind(s, ${internetAddress(0)}, 16), c.listen(s, 5)]`),
      outcomes: ['ok', ...REFUSED],
      result: /^\[-1, -1, -1\]$/,
    },
    {
      name: 'talks to the kernel over netlink',
      program: rawSocket(16, 3, 'return s'),
      outcomes: ['ok', ...REFUSED],
      result: /^-1$/,
    },
    {
      name: 'sends on the descriptors it has',
      program: entry('c = libc()\nreturn [c.send(n, b"out", 3, 0) for n in range(16)]', CTYPES),
      outcomes: ['ok', ...REFUSED],
      result: /^\[-1(?:, -1)*\]$/,
    },
  ];
}
