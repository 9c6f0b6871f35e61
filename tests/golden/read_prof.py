#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""read_prof.py FILE.prof: prints what is in it, by docs/file-format.md and nothing else."""
import struct
import sys
import zlib



class Payload:
    def __init__(self, data):
        self.data, self.at = data, 0

    def varint(self):
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if not byte & 0x80:
                return value

    def signed(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def bytes(self, length):
        self.at += length
        return self.data[self.at - length:self.at]

    def plain(self, count):
        return [self.varint() for _ in range(count)]

    def delta(self, count):
        column, above = [], 0
        for _ in range(count):
            above = (above + self.signed()) % 2**64
            column.append(above)
        return column

    def columns(self, count, kinds):
        return [self.plain(count) if kind == 'p' else self.delta(count) for kind in kinds]


class Profile:
    def __init__(self):
        self.strings, self.notes, self.series, self.samples, self.meta = [b''], [], [], [], {}
        self.tables = {'PROC': {}, 'MODS': {}, 'FUNC': {}, 'FRAM': {}, 'STAK': {}, 'THRD': {}}
        self.lines = {}
        self.channels, self.spans = [], []
        self.histograms, self.tallies, self.facts = {}, {}, {}
        self.complete = False

    def put(self, table, first, columns):
        for i, row in enumerate(zip(*columns)):
            self.tables[table][first + i] = row

    def line_lists(self, p, frames):
        counts = p.plain(len(frames))
        funcs, places = p.delta(sum(counts)), p.plain(sum(counts))
        entries = list(zip(funcs, [x >> 4 for x in places], [x & 15 for x in places]))
        for frame, count in zip(frames, counts):
            self.lines[frame], entries = entries[:count], entries[count:]

    def read_chunk(self, kind, p):
        if kind == 'SMPL':
            count, length = p.varint(), p.varint()
            block = Payload(zlib.decompress(p.data[p.at:]))
            assert len(block.data) == length
            self.samples += zip(*block.columns(count, 'dddpd'))
            return
        if kind == 'CHAN':
            channel, count, length = p.varint(), p.varint(), p.varint()
            block = Payload(zlib.decompress(p.data[p.at:]))
            assert len(block.data) == length
            self.channels += [(channel, *row) for row in zip(*block.columns(count, 'dddpd'))]
            return
        if kind == 'END ':
            assert p.varint() == len(self.samples)
            assert p.varint() == len(self.tables['STAK']) + 1
            self.complete = True
            return
        first, count = p.varint(), p.varint()
        if kind == 'STRS':
            self.strings += [p.bytes(length) for length in p.plain(count)]
        elif kind == 'PROC':
            self.put(kind, first, p.columns(count, 'dpdddd'))
        elif kind == 'MODS':
            columns = p.columns(count, 'ppppp')
            columns[4] = [p.bytes(length).hex() for length in columns[4]]
            self.put(kind, first, columns)
        elif kind == 'FUNC':
            self.put(kind, first, p.columns(count, 'dpdppp'))
        elif kind == 'FRAM':
            self.put(kind, first, p.columns(count, 'pdp'))
        elif kind == 'FRLN':
            self.line_lists(p, range(first, first + count))
            for frame in range(first, first + count):
                self.tables['FRAM'][frame] = (self.tables['FUNC'][self.lines[frame][0][0]][4], 0, 0)
        elif kind == 'LINE':
            frames, above = [], 0
            for step in p.plain(count):
                above += step
                frames.append(above)
            self.line_lists(p, frames)
        elif kind == 'STAK':
            back, frame = p.columns(count, 'pd')
            self.put(kind, first, [[first + i - b for i, b in enumerate(back)], frame])
        elif kind == 'THRD':
            self.put(kind, first, p.columns(count, 'pddddpp'))
        elif kind == 'SERI':
            self.series += [(row, []) for row in zip(*p.columns(count, 'pppp'))]
        elif kind == 'PNTS':
            times = p.delta(count)
            values = struct.unpack(f'<{count}d', p.bytes(8 * count))
            self.series[first][1].extend(zip(times, values))
        elif kind == 'NOTE':
            self.notes += zip(*p.columns(count, 'ppp'))
        elif kind == 'SPAN':
            self.spans += zip(*p.columns(count, 'dpppppppp'))
        elif kind == 'HIST':
            rows = list(zip(*p.columns(count, 'pppppp')))
            buckets, counts = p.columns(sum(row[5] for row in rows), 'pp')
            for i, (*row, used) in enumerate(rows):
                self.histograms[first + i] = (*row, list(zip(buckets, counts))[:used])
                buckets, counts = buckets[used:], counts[used:]
        elif kind == 'TALY':
            self.tallies.update(enumerate(zip(*p.columns(count, 'pppppppp')), first))
        elif kind == 'FACT':
            self.facts.update(enumerate(zip(*p.columns(count, 'ppp')), first))
        elif kind == 'META':
            for _ in range(count):
                key = p.bytes(p.varint()).decode()
                self.meta[key] = p.varint() if p.varint() else p.bytes(p.varint())


def read(data):
    assert data[:8] == b'\x89PROF\r\n\x1a', 'not a prof file'
    assert struct.unpack_from('<H', data, 8)[0] == 1, 'another major version'
    profile, at = Profile(), 16
    while not profile.complete and at + 16 <= len(data):
        kind, stored, raw, crc = struct.unpack_from('<4sIII', data, at)
        payload = data[at + 16:at + 16 + stored]
        if len(payload) < stored or zlib.crc32(data[at:at + 12] + payload) != crc:
            break
        profile.read_chunk(kind.decode(), Payload(zlib.decompress(payload) if raw else payload))
        at += 16 + stored
    return profile


def text(profile, string):
    return repr(profile.strings[string])[1:]


def show(p):
    print('complete' if p.complete else 'cut')
    for key, value in sorted(p.meta.items()):
        print('meta', key, value if isinstance(value, int) else repr(value)[1:])
    for i, (pid, parent, name, exe, start, end) in sorted(p.tables['PROC'].items()):
        print('process', i, pid, 'parent', parent, text(p, name), text(p, exe), start, end)
    for i, (path, kind, process, flags, build_id) in sorted(p.tables['MODS'].items()):
        print('module', i, text(p, path), kind, process, flags, build_id)
    for i, (name, system, file, line, module, kind) in sorted(p.tables['FUNC'].items()):
        print('func', i, text(p, name), text(p, system), text(p, file), line, module, kind)
    for i, (module, address, flags) in sorted(p.tables['FRAM'].items()):
        print('frame', i, module, hex(address), flags, p.lines.get(i, []))
    for i, row in sorted(p.tables['STAK'].items()):
        print('stack', i, *row)
    for i, (process, tid, name, *times) in sorted(p.tables['THRD'].items()):
        print('thread', i, process, tid, text(p, name), *times)
    for (name, unit, thread, process), points in p.series:
        print('series', text(p, name), text(p, unit), thread, process, points)
    for note in p.notes:
        print('note', *(text(p, string) for string in note))
    for sample in p.samples:
        print('sample', *sample)
    for sample in p.channels:
        print('channel', *sample)
    for *row, label in p.spans:
        print('span', *row, text(p, label))
    for i, (name, *row) in sorted(p.histograms.items()):
        print('histogram', i, text(p, name), *row)
    for i, (thread, name, what, *row) in sorted(p.tallies.items()):
        print('tally', i, thread, text(p, name), text(p, what), *row)
    for i, (process, key, value) in sorted(p.facts.items()):
        print('fact', i, process, text(p, key), text(p, value))


show(read(open(sys.argv[1], 'rb').read()))
