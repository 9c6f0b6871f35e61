// SPDX-License-Identifier: MIT
#include "record/processes.h"

#include <string.h>
#include <sys/mman.h>

#include "record/arch.h"
#include "record/maps.h"
#include "record/module_open.h"
#include "record/procfs_read.h"
#include "record/target_memory.h"

enum { MAPS_BYTES_MAX = 64 << 20, COMM_BYTES = 15 };

void processes_init(
    struct processes *ps, struct profile *p, struct modules *m, struct jit_maps *jit_maps)
{
    *ps = (struct processes){ .profile = p, .modules = m, .jit_maps = jit_maps };
}

void processes_done(struct processes *ps)
{
    for (size_t i = 0; i < ps->list.len; i++) {
        unwind_space_free(ps->list.ptr[i].space);
        python_free(ps->list.ptr[i].python);
    }
    vec_done(&ps->list);
    vec_done(&ps->free_slots);
    vec_done(&ps->threads);
    vec_done(&ps->free_threads);
    pid_table_done(&ps->by_pid);
    pid_table_done(&ps->by_tid);
}

struct tracked_process *processes_find(struct processes *ps, pid_t pid)
{
    const uint32_t found = pid_table_get(&ps->by_pid, pid);
    return found ? &ps->list.ptr[found - 1] : NULL;
}

static struct tracked_thread *find_thread(struct processes *ps, pid_t tid)
{
    const uint32_t found = pid_table_get(&ps->by_tid, tid);
    return found ? &ps->threads.ptr[found - 1] : NULL;
}

static void changed(struct processes *ps, struct tracked_process *p)
{
    p->generation = ++ps->last_generation;
}

/* ---- ends ---- */

static void end_thread(struct processes *ps, pid_t tid, uint64_t now_ns)
{
    struct tracked_thread *t = find_thread(ps, tid);
    if (!t)
        return;
    if (t->row.i)
        profile_thread_edit(ps->profile, t->row)->end_ns = now_ns;
    vec_push(&ps->free_threads, pid_table_get(&ps->by_tid, tid) - 1);
    pid_table_set(&ps->by_tid, tid, 0);
}

static void end_process(struct processes *ps, struct tracked_process *p, uint64_t now_ns)
{
    if (p->row.i)
        profile_process_edit(ps->profile, p->row)->end_ns = now_ns;
    jit_maps_end(ps->jit_maps, p->pid);
    unwind_space_free(p->space);
    vec_push(&ps->free_slots, pid_table_get(&ps->by_pid, p->pid) - 1);
    pid_table_set(&ps->by_pid, p->pid, 0);
    python_free(p->python);
    p->space = NULL;
    p->python = NULL;
    p->go_place = 0;
    p->alive = false;
    ps->live--;
}

/* ---- births ---- */

static struct tracked_thread *add_thread(
    struct processes *ps, struct tracked_process *p, pid_t tid, uint64_t now_ns)
{
    end_thread(ps, tid, now_ns); /* the number came back: its end was missed */
    const struct tracked_thread row = {
        .tid = tid,
        .process = (uint32_t)(p - ps->list.ptr),
        .name = p->name,
        .start_ns = now_ns,
    };
    uint32_t slot = (uint32_t)ps->threads.len;
    if (ps->free_threads.len > 0) {
        slot = ps->free_threads.ptr[--ps->free_threads.len];
        ps->threads.ptr[slot] = row;
    } else {
        vec_push(&ps->threads, row);
    }
    pid_table_set(&ps->by_tid, tid, slot + 1);
    p->live_threads++;
    return &ps->threads.ptr[slot];
}

/* Takes the space over. Pointers into ps->list are no longer valid. */
static struct tracked_process *add_process(
    struct processes *ps, pid_t pid, struct unwind_space *space, uint64_t now_ns)
{
    struct tracked_process *stale = processes_find(ps, pid);
    if (stale)
        end_process(ps, stale, now_ns);
    const struct tracked_process row = {
        .pid = pid, .alive = true, .start_ns = now_ns, .space = space
    };
    uint32_t slot = (uint32_t)ps->list.len;
    if (ps->free_slots.len > 0) {
        slot = ps->free_slots.ptr[--ps->free_slots.len];
        ps->list.ptr[slot] = row;
    } else {
        vec_push(&ps->list, row);
    }
    pid_table_set(&ps->by_pid, pid, slot + 1);
    ps->live++;
    changed(ps, &ps->list.ptr[slot]);
    return &ps->list.ptr[slot];
}

static void apply_fork(struct processes *ps, const struct perf_record *r)
{
    const pid_t pid = (pid_t)r->pid, parent_pid = (pid_t)r->fork.parent_pid;
    struct tracked_process *p = processes_find(ps, pid);
    if (pid != parent_pid) {
        const struct tracked_process *parent = processes_find(ps, parent_pid);
        if (ps->no_children)
            return;
        const struct tracked_process copy = parent ? *parent : (struct tracked_process){ 0 };
        p = add_process(
            ps, pid, copy.space ? unwind_space_clone(copy.space) : unwind_space_new(), r->time_ns);
        p->parent = copy.row.i ? copy.row : copy.parent;
        p->name = copy.name;
        p->exe = copy.exe;
        p->python = python_fork(copy.python);
        p->go_place = copy.go_place;
    }
    if (p)
        add_thread(ps, p, (pid_t)r->tid, r->time_ns);
}

static void apply_exit(struct processes *ps, const struct perf_record *r)
{
    struct tracked_process *p = processes_find(ps, (pid_t)r->pid);
    const bool known = find_thread(ps, (pid_t)r->tid) != NULL;
    end_thread(ps, (pid_t)r->tid, r->time_ns);
    if (!p || !known)
        return;
    if (p->live_threads > 0)
        p->live_threads--;
    if (p->live_threads == 0)
        end_process(ps, p, r->time_ns);
}

/* ---- names ---- */

/* The kernel keeps 15 bytes of a name. Where they begin that of the program, it is meant. */
static struct string_id whole_name(
    struct processes *ps, const struct tracked_process *p, struct string_id name)
{
    static const char gone[] = " (deleted)"; /* proc(5): the file was, the name is the same */
    const struct slice cut = profile_string(ps->profile, name);
    struct slice program = slice_basename(profile_string(ps->profile, p->exe));
    if (slice_ends(program, gone))
        program.len -= sizeof gone - 1;
    const bool begins = cut.len == COMM_BYTES && program.len > cut.len &&
                        memcmp(program.ptr, cut.ptr, cut.len) == 0;
    return begins ? profile_add_string(ps->profile, program) : name;
}

static void set_name(struct processes *ps, struct tracked_process *p, struct string_id name)
{
    name = whole_name(ps, p, name);
    p->name = name;
    if (p->row.i)
        profile_process_edit(ps->profile, p->row)->name = name;
}

/* All threads but one are gone, and that one has the process's number now. */
static void apply_exec(struct processes *ps, struct tracked_process *p, uint64_t now_ns)
{
    const uint32_t index = (uint32_t)(p - ps->list.ptr);
    for (size_t i = 0; i < ps->threads.len; i++) {
        const struct tracked_thread *t = &ps->threads.ptr[i];
        if (t->process == index && t->tid != p->pid && find_thread(ps, t->tid) == t)
            end_thread(ps, t->tid, now_ns);
    }
    unwind_space_clear(p->space);
    changed(ps, p);
    p->jit = (struct module_id){ 0 };
    python_free(p->python);
    p->python = NULL;
    p->go_place = 0;
    p->live_threads = 0;
    p->wants_exe = true;
    p->execs++;
    p->exe = (struct string_id){ 0 };
    jit_maps_started(ps->jit_maps, p->pid);
    struct tracked_thread *main_thread = find_thread(ps, p->pid);
    if (main_thread)
        p->live_threads = 1;
    else
        add_thread(ps, p, p->pid, now_ns);
}

static void set_thread_name(struct processes *ps, struct tracked_thread *t, struct string_id name)
{
    t->name = whole_name(ps, &ps->list.ptr[t->process], name);
    if (t->row.i)
        profile_thread_edit(ps->profile, t->row)->name = t->name;
}

static void apply_name(struct processes *ps, const struct perf_record *r)
{
    struct tracked_process *p = processes_find(ps, (pid_t)r->pid);
    if (!p)
        return;
    if (r->name.exec)
        apply_exec(ps, p, r->time_ns);
    const struct string_id name = profile_add_string(ps->profile, r->name.text);
    struct tracked_thread *t = find_thread(ps, (pid_t)r->tid);
    if (t)
        set_thread_name(ps, t, name);
    if (r->pid == r->tid)
        set_name(ps, p, name);
}

/* ---- maps ---- */

static void set_exe(struct processes *ps, struct tracked_process *p, struct slice path)
{
    p->exe = profile_add_string(ps->profile, path);
    if (p->row.i)
        profile_process_edit(ps->profile, p->row)->exe = p->exe;
    set_name(ps, p, p->name); /* that of an exec is heard of before the program's file */
    struct tracked_thread *main_thread = find_thread(ps, p->pid);
    if (main_thread)
        set_thread_name(ps, main_thread, main_thread->name);
}

static bool covered_as_jit(const struct tracked_process *p, const struct perf_map *map)
{
    const struct unwind_region *r = unwind_space_find(p->space, map->start);
    return r && r->tag == REGION_TAG_JIT && r->end - map->start >= map->len;
}

/* Generated code is there when its mapping is heard of: that is some milliseconds late. */
static enum unwind_region_kind generated_kind(pid_t pid, uint64_t start)
{
    uint8_t bytes[ARCH_THUNK_BYTES];
    const bool read = target_read_all(pid, start, bytes, sizeof bytes);
    return read && arch_is_thunk(bytes) ? UNWIND_REGION_THUNKS : UNWIND_REGION_JIT;
}

/* Maps are read again and again where nobody tells of new ones. */
static bool is_mapped(const struct tracked_process *p, const struct unwind_region *region)
{
    const struct unwind_region *known = unwind_space_find(p->space, region->start);
    return known && known->start == region->start && known->end == region->end &&
           known->kind == region->kind && (known->tag | 1) == (region->tag | 1);
}

static void map_region(struct processes *ps, struct tracked_process *p, const struct perf_map *map)
{
    if (map->start + map->len <= map->start || !(map->prot & PROT_EXEC))
        return;
    struct unwind_region region = { .start = map->start, .end = map->start + map->len };
    if (modules_is_file(map->path)) {
        region.kind = UNWIND_REGION_MODULE;
        region.tag = modules_place(ps->modules, map) * 2;
        if (is_mapped(p, &region))
            return;
    } else {
        if (covered_as_jit(p, map))
            return; /* V8 and others switch protection all the time */
        region.kind = generated_kind(p->pid, map->start);
        region.tag = REGION_TAG_JIT;
    }
    unwind_space_map(p->space, &region);
    changed(ps, p);
}

static void apply_map(struct processes *ps, const struct perf_record *r)
{
    struct tracked_process *p = processes_find(ps, (pid_t)r->pid);
    if (!p)
        return;
    if (p->wants_exe && modules_is_file(r->map.path)) {
        p->wants_exe = false;
        set_exe(ps, p, r->map.path);
    }
    map_region(ps, p, &r->map);
}

/* A main thread that has left the others behind shows no maps any more: they do. */
static void read_maps(pid_t pid, struct strbuf *out)
{
    struct pid_list tids = { 0 };
    if (procfs_read(pid, "maps", MAPS_BYTES_MAX, out) && out->len == 0)
        procfs_threads(pid, &tids);
    for (size_t i = 0; i < tids.len && out->len == 0; i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
        strbuf_addf(&name, "task/%d/maps", (int)tids.ptr[i]);
        procfs_read(pid, name.ptr, MAPS_BYTES_MAX, out);
    }
    vec_done(&tids);
}

void processes_read_maps(struct processes *ps, struct tracked_process *p)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    read_maps(p->pid, &text);
    struct slice rest = strbuf_slice(&text), line;
    while (slice_split(&rest, '\n', &line)) {
        struct perf_map map;
        if (maps_parse_line(line, &map))
            map_region(ps, p, &map);
    }
}

void processes_apply(struct processes *ps, const struct perf_record *r)
{
    switch (r->kind) {
    case PERF_MAP:
        apply_map(ps, r);
        break;
    case PERF_NAME:
        apply_name(ps, r);
        break;
    case PERF_FORK:
        apply_fork(ps, r);
        break;
    case PERF_EXIT:
        apply_exit(ps, r);
        break;
    case PERF_SAMPLE:
    case PERF_EVENT:
    case PERF_SWITCH:
    case PERF_LOST:
    case PERF_OTHER:
        break;
    }
}

/* ---- what runs already ---- */

static struct string_id read_name(struct processes *ps, pid_t pid, pid_t tid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    procfs_thread_name(pid, tid, &name);
    return profile_add_string(ps->profile, strbuf_slice(&name));
}

static bool read_exe(pid_t pid, const struct pid_list *tids, struct strbuf *out)
{
    bool found = procfs_link(pid, "exe", out);
    for (size_t i = 0; i < tids->len && !found; i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
        strbuf_addf(&name, "task/%d/exe", (int)tids->ptr[i]);
        found = procfs_link(pid, name.ptr, out);
    }
    return found;
}

bool processes_add_running(struct processes *ps, pid_t pid, uint64_t now_ns)
{
    struct pid_list tids = { 0 };
    if (!procfs_threads(pid, &tids))
        return false;
    struct tracked_process *p = processes_find(ps, pid);
    if (!p) {
        p = add_process(ps, pid, unwind_space_new(), now_ns);
        struct tracked_process *parent = processes_find(ps, procfs_parent(pid));
        if (parent)
            p->parent = processes_row(ps, parent);
        p->start_ns = 0; /* before the recording */
    }
    p->name = read_name(ps, pid, pid);
    PROF_CLEANUP(strbuf_done) struct strbuf exe = STRBUF_INIT;
    if (read_exe(pid, &tids, &exe))
        set_exe(ps, p, strbuf_slice(&exe));
    for (size_t i = 0; i < tids.len; i++) {
        if (!find_thread(ps, tids.ptr[i]))
            set_thread_name(ps, add_thread(ps, p, tids.ptr[i], 0), read_name(ps, pid, tids.ptr[i]));
    }
    processes_read_maps(ps, p);
    vec_done(&tids);
    return true;
}

/* ---- rows ---- */

struct process_id processes_row(struct processes *ps, struct tracked_process *p)
{
    if (p->row.i == 0) {
        const struct process row = {
            .pid = p->pid,
            .parent = p->parent,
            .name = p->name,
            .exe = p->exe,
            .start_ns = p->start_ns,
        };
        p->row = profile_add_process(ps->profile, &row);
    }
    return p->row;
}

struct tracked_thread *processes_thread(struct processes *ps, pid_t pid, pid_t tid, uint64_t now_ns)
{
    struct tracked_process *p = processes_find(ps, pid);
    if (!p) {
        if (ps->no_children || !processes_add_running(ps, pid, now_ns))
            return NULL;
        p = processes_find(ps, pid);
    }
    struct tracked_thread *t = find_thread(ps, tid);
    if (!t || t->process != (uint32_t)(p - ps->list.ptr))
        t = add_thread(ps, p, tid, now_ns);
    if (t->row.i == 0) {
        const struct thread row = {
            .process = processes_row(ps, p),
            .tid = tid,
            .name = t->name,
            .start_ns = t->start_ns,
        };
        t->row = profile_add_thread(ps->profile, &row);
    }
    return t;
}

struct module_id processes_jit(struct processes *ps, struct tracked_process *p)
{
    if (p->jit.i == 0) {
        const struct module row = {
            .path = profile_add_string(ps->profile, slice_of("[jit]")),
            .kind = MODULE_JIT,
            .process = processes_row(ps, p),
        };
        p->jit = profile_add_module(ps->profile, &row);
        jit_maps_add(ps->jit_maps, p->pid, p->jit);
    }
    return p->jit;
}

void processes_load_region(struct processes *ps, struct tracked_process *p, uint64_t address)
{
    const struct unwind_region *found = unwind_space_find(p->space, address);
    if (!found || found->tag >= REGION_TAG_JIT || (found->tag & 1))
        return;
    struct unwind_region region = *found;
    const struct code_place *place = modules_load(ps->modules, region.tag / 2, p->pid);
    region.bias = place->bias;
    region.table = place->table;
    region.tag |= 1;
    if (!p->python)
        p->python = python_new(ps->profile, p->pid, &place->python, place->bias);
    if (place->is_go && p->go_place == 0)
        p->go_place = region.tag / 2 + 1;
    unwind_space_map(p->space, &region);
    changed(ps, p);
}

void processes_learn_python(const struct processes *ps)
{
    for (size_t i = 0; i < ps->list.len; i++)
        if (ps->list.ptr[i].python)
            python_learn(ps->list.ptr[i].python, ps->list.ptr[i].pid);
}
