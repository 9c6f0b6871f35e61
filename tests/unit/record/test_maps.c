// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "record/maps.h"

Test(maps, lines_of_proc_are_read)
{
    static const struct {
        const char *line;
        uint64_t start, len, offset, inode;
        uint32_t prot;
        const char *path;
    } rows[] = {
        { "55d0-55e0 r-xp 00001000 08:01 1234                       /usr/bin/a b", 0x55d0, 0x10,
            0x1000, 1234, 5, "/usr/bin/a b" },
        { "7f00-7f80 rw-p 00000000 00:00 0 ", 0x7f00, 0x80, 0, 0, 3, "//anon" },
        { "7ffd000-7fff000 r-xp 00000000 00:00 0                    [vdso]", 0x7ffd000, 0x2000, 0,
            0, 5, "[vdso]" },
        { "10-20 ---p 00000000 fd:0a 77 /x (deleted)", 0x10, 0x10, 0, 77, 0, "/x (deleted)" },
        { "ffffffffff600000-ffffffffff601000 --xp 0 00:00 0 [vsyscall]", 0xffffffffff600000, 0x1000,
            0, 0, 4, "[vsyscall]" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct perf_map m;
        cr_assert(maps_parse_line(slice_of(rows[i].line), &m), "%s", rows[i].line);
        cr_expect_eq(m.start, rows[i].start, "%s", rows[i].line);
        cr_expect_eq(m.len, rows[i].len, "%s", rows[i].line);
        cr_expect_eq(m.offset, rows[i].offset, "%s", rows[i].line);
        cr_expect_eq(m.inode, rows[i].inode, "%s", rows[i].line);
        cr_expect_eq(m.prot, rows[i].prot, "%s", rows[i].line);
        cr_expect(slice_is(m.path, rows[i].path), "%s", rows[i].line);
    }
}

Test(maps, other_lines_are_refused)
{
    static const char *const lines[] = { "", "x", "10-20", "20-10 r-xp 0 0:0 0",
        "10-10 r-xp 0 0:0 0", "10-zz r-xp 0 0:0 0", "10-20 r-xp zz 0:0 0", "10-20 r-xp 0 00 0",
        "10-20 r-xp 0 0:0 x", "1ffffffffffffffff-20 r-xp 0 0:0 0" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct perf_map m;
        cr_expect_not(maps_parse_line(slice_of(lines[i]), &m), "'%s'", lines[i]);
    }
}
