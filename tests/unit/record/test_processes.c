// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "record/processes.h"
#include "tests/unit/record/bytes.h"

/* Numbers that no process of this machine can have, so that /proc never answers. */
enum { A = 4194200, B = 4194201, T = 4194202 };

struct fixture {
    struct profile *profile;
    struct modules *modules;
    struct jit_maps jit_maps;
    struct processes ps;
};

static void setup(struct fixture *f)
{
    f->profile = profile_new();
    f->modules = modules_new(f->profile);
    f->jit_maps = (struct jit_maps){ 0 };
    processes_init(&f->ps, f->profile, f->modules, &f->jit_maps);
}

static void done(struct fixture *f)
{
    processes_done(&f->ps);
    jit_maps_done(&f->jit_maps);
    modules_free(f->modules);
    profile_free(f->profile);
}

/* Decodes and applies all records in the buffer, then empties it. */
static void apply(struct fixture *f, struct strbuf *b)
{
    for (size_t at = 0; at < b->len;) {
        struct perf_event_header header;
        struct perf_record r;
        memcpy(&header, b->ptr + at, sizeof header);
        cr_assert(perf_record_decode((const uint8_t *)b->ptr + at, header.size, NULL, &r));
        processes_apply(&f->ps, &r);
        at += header.size;
    }
    strbuf_clear(b);
}

static bool is_mapped(struct fixture *f, pid_t pid, uint64_t address)
{
    const struct tracked_process *p = processes_find(&f->ps, pid);
    return p && unwind_space_find(p->space, address);
}

Test(processes, a_child_has_its_parent_s_maps_until_it_executes_something)
{
    struct fixture f;
    struct strbuf b = STRBUF_INIT;
    setup(&f);
    put_fork(&b, A, 1, A, 1, 10);
    put_mmap2(&b, A, 0x10000, 0x1000, 0, "/lib/a.so", 11);
    put_fork(&b, B, A, B, A, 12);
    apply(&f, &b);
    cr_expect(is_mapped(&f, B, 0x10800));
    put_comm(&b, B, B, "other", true, 13);
    put_mmap2(&b, B, 0x50000, 0x1000, 0, "/bin/other", 14);
    apply(&f, &b);
    cr_expect_not(is_mapped(&f, B, 0x10800));
    cr_expect(is_mapped(&f, B, 0x50800));
    cr_expect(is_mapped(&f, A, 0x10800), "the parent keeps its own");
    cr_expect(slice_is(profile_string(f.profile, processes_find(&f.ps, B)->exe), "/bin/other"));
    strbuf_done(&b);
    done(&f);
}

Test(processes, a_name_that_the_kernel_cut_is_that_of_the_program)
{
    struct fixture f;
    struct strbuf b = STRBUF_INIT;
    setup(&f);
    put_fork(&b, A, 1, A, 1, 10);
    put_comm(&b, A, A, "a_name_of_many_", true, 11);
    put_mmap2(&b, A, 0x50000, 0x1000, 0, "/bin/a_name_of_many_bytes", 12);
    put_fork(&b, B, A, B, A, 13);
    put_comm(&b, B, B, "a_name_of_many_", true, 14);
    put_mmap2(&b, B, 0x50000, 0x1000, 0, "/bin/another", 15);
    apply(&f, &b);
    const struct slice a = profile_string(f.profile, processes_find(&f.ps, A)->name);
    cr_expect(slice_is(a, "a_name_of_many_bytes"), "%.*s", SLICE_ARG(a));
    cr_expect(
        slice_is(profile_string(f.profile, processes_find(&f.ps, B)->name), "a_name_of_many_"));
    struct thread_id row = processes_thread(&f.ps, A, A, 16)->row;
    cr_expect(slice_is(
        profile_string(f.profile, profile_thread(f.profile, row)->name), "a_name_of_many_bytes"));
    strbuf_done(&b);
    done(&f);
}

Test(processes, a_process_ends_with_its_last_thread)
{
    struct fixture f;
    struct strbuf b = STRBUF_INIT;
    setup(&f);
    put_fork(&b, A, 1, A, 1, 10);
    put_fork(&b, A, A, T, A, 11);
    put_exit(&b, A, A, 12); /* main has called pthread_exit() */
    apply(&f, &b);
    cr_expect(processes_find(&f.ps, A) != NULL);
    put_exit(&b, A, T, 13);
    apply(&f, &b);
    cr_expect_null(processes_find(&f.ps, A));
    cr_expect_eq(f.ps.live, 0);
    strbuf_done(&b);
    done(&f);
}

Test(processes, a_number_that_comes_back_is_a_new_row)
{
    struct fixture f;
    struct strbuf b = STRBUF_INIT;
    setup(&f);
    put_fork(&b, A, 1, A, 1, 10);
    apply(&f, &b);
    const struct thread_id first = processes_thread(&f.ps, A, A, 10)->row;
    put_exit(&b, A, A, 20);
    put_fork(&b, A, 1, A, 1, 30);
    apply(&f, &b);
    const struct thread_id second = processes_thread(&f.ps, A, A, 31)->row;
    cr_expect_neq(first.i, second.i);
    cr_expect_eq(profile_thread(f.profile, first)->end_ns, 20);
    cr_expect_eq(profile_thread(f.profile, second)->start_ns, 30);
    const struct process_id p1 = profile_thread(f.profile, first)->process;
    const struct process_id p2 = profile_thread(f.profile, second)->process;
    cr_expect_neq(p1.i, p2.i);
    strbuf_done(&b);
    done(&f);
}

Test(processes, exec_ends_the_other_threads)
{
    struct fixture f;
    struct strbuf b = STRBUF_INIT;
    setup(&f);
    put_fork(&b, A, 1, A, 1, 10);
    put_fork(&b, A, A, T, A, 11);
    put_comm(&b, A, A, "new", true, 12);
    put_exit(&b, A, A, 20);
    apply(&f, &b);
    cr_expect_null(processes_find(&f.ps, A), "one thread was left after the exec");
    strbuf_done(&b);
    done(&f);
}

Test(processes, a_storm_without_samples_leaves_no_rows)
{
    struct fixture f;
    struct strbuf b = STRBUF_INIT;
    setup(&f);
    const uint32_t rows = profile_process_count(f.profile);
    put_fork(&b, A, 1, A, 1, 1);
    apply(&f, &b);
    for (uint64_t i = 0; i < 10000; i++) {
        put_fork(&b, B, A, B, A, 10 + i);
        put_comm(&b, B, B, "short", true, 10 + i);
        put_exit(&b, B, B, 10 + i);
        apply(&f, &b);
    }
    cr_expect_eq(profile_process_count(f.profile), rows);
    cr_expect_leq(f.ps.list.len, 4);
    cr_expect_leq(f.ps.threads.len, 4);
    cr_expect_eq(f.ps.live, 1);
    strbuf_done(&b);
    done(&f);
}

Test(processes, children_are_left_out_on_demand)
{
    struct fixture f;
    struct strbuf b = STRBUF_INIT;
    setup(&f);
    put_fork(&b, A, 1, A, 1, 1);
    apply(&f, &b);
    f.ps.no_children = true;
    put_fork(&b, B, A, B, A, 2);
    put_fork(&b, A, A, T, A, 2);
    apply(&f, &b);
    cr_expect_null(processes_find(&f.ps, B));
    cr_expect_null(processes_thread(&f.ps, B, B, 3));
    cr_expect(processes_thread(&f.ps, A, T, 3) != NULL, "threads are not children");
    strbuf_done(&b);
    done(&f);
}

Test(processes, generated_code_is_not_a_file)
{
    static const struct {
        const char *path;
        bool file;
    } rows[] = {
        { "/usr/bin/node", true },
        { "/tmp/x (deleted)", true },
        { "[vdso]", true },
        { "//anon", false },
        { "[heap]", false },
        { "[stack]", false },
        { "anon_inode:[perf]", false },
        { "/memfd:doublemapper (deleted)", false },
        { "/dev/zero (deleted)", false },
        { "/", false },
        { "", false },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(modules_is_file(slice_of(rows[i].path)), rows[i].file, "%s", rows[i].path);
}

Test(processes, an_arena_of_stubs_is_known_by_its_first_bytes)
{
    static const uint8_t stub[] = { 0x48, 0x83, 0xec, 0x08, 0xff, 0xd1, 0x48, 0x83, 0xc4, 0x08,
        0xc3 };
    const size_t len = 0x10000;
    uint8_t *arena = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(arena, MAP_FAILED);
    const uint64_t address = (uint64_t)(uintptr_t)arena;
    const uint32_t self = (uint32_t)getpid();
    for (int i = 0; i < 2; i++) {
        struct fixture f;
        struct strbuf b = STRBUF_INIT;
        setup(&f);
        put_fork(&b, self, 1, self, 1, 1);
        put_mmap2(&b, self, address, len, 0, "//anon", 2);
        apply(&f, &b);
        const struct tracked_process *p = processes_find(&f.ps, getpid());
        const struct unwind_region *r = unwind_space_find(p->space, address);
        cr_assert(r);
        cr_expect_eq(r->kind, i ? UNWIND_REGION_THUNKS : UNWIND_REGION_JIT);
        cr_expect_eq(r->tag, REGION_TAG_JIT);
        strbuf_done(&b);
        done(&f);
        memcpy(arena, stub, sizeof stub);
    }
    munmap(arena, len);
}

Test(processes, repeated_protection_changes_of_generated_code_cost_nothing)
{
    struct fixture f;
    struct strbuf b = STRBUF_INIT;
    setup(&f);
    put_fork(&b, A, 1, A, 1, 1);
    put_mmap2(&b, A, 0x100000, 0x10000, 0, "//anon", 2);
    apply(&f, &b);
    const uint64_t generation = processes_find(&f.ps, A)->generation;
    for (int i = 0; i < 100; i++)
        put_mmap2(&b, A, 0x102000, 0x1000, 0, "//anon", 3);
    apply(&f, &b);
    cr_expect_eq(processes_find(&f.ps, A)->generation, generation);
    strbuf_done(&b);
    done(&f);
}
