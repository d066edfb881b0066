/**
 * Python's module `random` for programs of the sandbox, which has none: a generator of benchmark items draws
 * its numbers from it. For a seed that is an integer it draws the numbers that CPython draws, so that an
 * item is the one that the generator makes outside of the sandbox.
 */

/**
 * Puts the module into `sys.modules`. The generator is the Mersenne Twister of Matsumoto and Nishimura 1998,
 * seeded and read as CPython does. Its functions need a `Random` with a seed: without one, a program would
 * be of chance.
 */
export const PYTHON_RANDOM = `import sys as _sys, types as _types

def _make_random():
    import operator
    from math import ceil, log

    class Random:
        def __init__(self, x=None):
            self.seed(x)

        def seed(self, a=None, version=2):
            if not isinstance(a, int):
                raise ValueError("a seed here is an integer")
            a, key = abs(a), []
            while a:
                key.append(a & 0xFFFFFFFF)
                a >>= 32
            key = key or [0]
            state = [19650218]
            for i in range(1, 624):
                state.append((1812433253 * (state[-1] ^ state[-1] >> 30) + i) & 0xFFFFFFFF)
            i, j = 1, 0
            for _ in range(max(624, len(key))):
                before = state[i - 1]
                state[i] = ((state[i] ^ (before ^ before >> 30) * 1664525) + key[j] + j) & 0xFFFFFFFF
                i, j = i + 1, (j + 1) % len(key)
                if i == 624:
                    state[0], i = state[623], 1
            for _ in range(623):
                before = state[i - 1]
                state[i] = ((state[i] ^ (before ^ before >> 30) * 1566083941) - i) & 0xFFFFFFFF
                i += 1
                if i == 624:
                    state[0], i = state[623], 1
            state[0] = 0x80000000
            self._state, self._next = state, 624

        def _word(self):
            state = self._state
            if self._next == 624:
                for i in range(624):
                    y = state[i] & 0x80000000 | state[(i + 1) % 624] & 0x7FFFFFFF
                    state[i] = state[(i + 397) % 624] ^ y >> 1 ^ (0x9908B0DF if y & 1 else 0)
                self._next = 0
            y = state[self._next]
            self._next += 1
            y ^= y >> 11
            y ^= y << 7 & 0x9D2C5680
            y ^= y << 15 & 0xEFC60000
            return y ^ y >> 18

        def random(self):
            return ((self._word() >> 5) * 67108864 + (self._word() >> 6)) / 9007199254740992

        def getrandbits(self, k):
            value = shift = 0
            while k > 0:
                word = self._word()
                value |= (word >> 32 - k if k < 32 else word) << shift
                k, shift = k - 32, shift + 32
            return value

        def _randbelow(self, n):
            k = n.bit_length()
            r = self.getrandbits(k)
            while r >= n:
                r = self.getrandbits(k)
            return r

        def randrange(self, start, stop=None, step=1):
            start = operator.index(start)
            if stop is None:
                start, stop = 0, start
            stop, step = operator.index(stop), operator.index(step)
            width = (stop - start + step - (1 if step > 0 else -1)) // step
            if width <= 0:
                raise ValueError("empty range for randrange")
            return start + step * self._randbelow(width)

        def randint(self, a, b):
            return self.randrange(a, b + 1)

        def choice(self, seq):
            if not len(seq):
                raise IndexError("Cannot choose from an empty sequence")
            return seq[self._randbelow(len(seq))]

        def shuffle(self, x):
            for i in reversed(range(1, len(x))):
                j = self._randbelow(i + 1)
                x[i], x[j] = x[j], x[i]

        def sample(self, population, k, *, counts=None):
            if counts is not None:
                raise ValueError("counts are not offered here")
            if not hasattr(population, "__getitem__"):
                raise TypeError("Population must be a sequence.")
            n = len(population)
            if not 0 <= k <= n:
                raise ValueError("Sample larger than population or is negative")
            setsize = 21
            if k > 5:
                setsize += 4 ** ceil(log(k * 3, 4))
            if n <= setsize:
                pool, result = list(population), []
                for i in range(k):
                    j = self._randbelow(n - i)
                    result.append(pool[j])
                    pool[j] = pool[n - i - 1]
                return result
            selected, result = set(), []
            for _ in range(k):
                j = self._randbelow(n)
                while j in selected:
                    j = self._randbelow(n)
                selected.add(j)
                result.append(population[j])
            return result

        def choices(self, population, weights=None, *, cum_weights=None, k=1):
            from bisect import bisect
            from itertools import accumulate
            n = len(population)
            if cum_weights is None:
                if weights is None:
                    return [population[int(self.random() * (n + 0.0))] for _ in range(k)]
                cum_weights = list(accumulate(weights))
            total = cum_weights[-1] + 0.0
            return [population[bisect(cum_weights, self.random() * total, 0, n - 1)] for _ in range(k)]

        def uniform(self, a, b):
            return a + (b - a) * self.random()

    module = _types.ModuleType("random")
    Random.__module__ = "random"
    module.Random = Random
    return module

_sys.modules["random"] = _make_random()
`;
