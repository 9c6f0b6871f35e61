// SPDX-License-Identifier: MIT
/*
 * V8's .cpuprofile (node --cpu-prof, Chrome's developer tools): JSON with a call tree and, per
 * sample, the tree's node that was executing. Two ages of it:
 *
 *     { "nodes": [{ "id", "callFrame": { "functionName", "url", "lineNumber" }, "children" }],
 *       "startTime", "endTime", "samples": [id], "timeDeltas": [us] }
 *
 *     { "head": { "id", "functionName", "url", "lineNumber", "children" },
 *       "startTime", "endTime" (s), "samples": [id], "timestamps": [us] }
 *
 * Children are ids in the new form and nodes in the old one. Lines are counted from 0 in callFrame
 * and from 1 in the old form; time deltas may be negative. A sample lasts until the next one.
 * (idle) is not CPU time: it is left out and said.
 */
#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "format/formats.h"
#include "format/import_name.h"

static const double TIME_US_MAX = 9e15; /* whole numbers of a double, and 285 years */

enum { NO_PARENT = -1, NODES_MAX = 1 << 24 };

struct node {
    json_t *json;
    int64_t id;
    int64_t parent; /* index */
    struct stack_id stack;
    uint64_t hits;
    bool placed; /* stack is known */
    uint32_t depth;
    bool idle;
};

struct tick {
    double time_us;
    uint32_t node;
};

struct reader {
    struct profile *p;
    struct err *e;
    json_t *root;
    VEC(struct node) nodes;
    struct map by_id;
    VEC(struct tick) ticks;
    double end_us;
    uint64_t idle_ns;
};

static void drop_json(json_t **json)
{
    json_decref(*json);
}

static struct slice text_of(const json_t *json)
{
    return (struct slice){ .ptr = json_string_value(json), .len = json_string_length(json) };
}

/* ---- nodes ---- */

static bool find_node(const struct reader *r, int64_t id, uint32_t *ret_index)
{
    struct map_probe probe = map_probe(&r->by_id, hash_u64((uint64_t)id));
    uint32_t index;
    while (map_next(&probe, &index)) {
        if (r->nodes.ptr[index].id == id) {
            *ret_index = index;
            return true;
        }
    }
    return false;
}

static bool add_node(struct reader *r, json_t *json, int64_t parent)
{
    size_t index = r->nodes.len;
    json_t *id = json_object_get(json, "id");
    if (!json_is_integer(id))
        return err_set(r->e, ERR_FORMAT, "node %zu: expected a number as 'id'", index);
    uint32_t other;
    if (find_node(r, json_integer_value(id), &other))
        return err_set(r->e, ERR_FORMAT, "node %zu: its id %" PRId64 " is that of node %" PRIu32,
            index, (int64_t)json_integer_value(id), other);
    if (index == NODES_MAX)
        return err_set(r->e, ERR_LIMIT, "more than %d nodes", NODES_MAX);
    json_int_t hits = json_integer_value(json_object_get(json, "hitCount"));
    struct node node = { .json = json, .id = json_integer_value(id), .parent = parent };
    node.hits = hits > 0 ? (uint64_t)hits : 0;
    vec_push(&r->nodes, node);
    map_add(&r->by_id, hash_u64((uint64_t)node.id), (uint32_t)index);
    return true;
}

static bool link_children(struct reader *r, uint32_t parent)
{
    json_t *children = json_object_get(r->nodes.ptr[parent].json, "children");
    size_t i;
    json_t *child;
    json_array_foreach(children, i, child)
    {
        uint32_t index;
        if (!json_is_integer(child) || !find_node(r, json_integer_value(child), &index))
            return err_set(
                r->e, ERR_FORMAT, "node %" PRIu32 ": child %zu is not the id of a node", parent, i);
        if (r->nodes.ptr[index].parent != NO_PARENT || index == parent)
            return err_set(r->e, ERR_FORMAT, "node %" PRIu32 " has two callers", index);
        r->nodes.ptr[index].parent = parent;
    }
    return true;
}

static bool read_flat_nodes(struct reader *r, json_t *nodes)
{
    size_t i;
    json_t *json;
    json_array_foreach(nodes, i, json)
    {
        if (!add_node(r, json, NO_PARENT))
            return false;
    }
    for (uint32_t parent = 0; parent < r->nodes.len; parent++) {
        if (!link_children(r, parent))
            return false;
    }
    return true;
}

/* The old form: nodes within nodes. The list of those that were read is also the list of those
 * whose children are to come. */
static bool read_nested_nodes(struct reader *r, json_t *head)
{
    if (!add_node(r, head, NO_PARENT))
        return false;
    for (size_t parent = 0; parent < r->nodes.len; parent++) {
        json_t *children = json_object_get(r->nodes.ptr[parent].json, "children");
        size_t i;
        json_t *child;
        json_array_foreach(children, i, child)
        {
            if (!add_node(r, child, (int64_t)parent))
                return false;
        }
    }
    return true;
}

/* ---- stacks ---- */

static struct line line_of(struct reader *r, const struct node *node)
{
    json_t *frame = json_object_get(node->json, "callFrame");
    json_int_t first = frame ? 0 : 1; /* the number of a file's first line */
    frame = frame ? frame : node->json;
    struct slice name = text_of(json_object_get(frame, "functionName"));
    struct slice url = text_of(json_object_get(frame, "url"));
    json_int_t line = json_integer_value(json_object_get(frame, "lineNumber"));
    bool known = url.len > 0 && line >= first && line < INT32_MAX;
    return import_script(r->p, name, url, known ? (uint32_t)(line - first + 1) : 0, TIER_NONE);
}

static bool is_named(const struct node *node, const char *name)
{
    json_t *frame = json_object_get(node->json, "callFrame");
    return slice_is(text_of(json_object_get(frame ? frame : node->json, "functionName")), name);
}

static struct line gc_line(struct profile *p)
{
    struct func func = { .kind = FUNC_GC };
    func.name = profile_add_string(p, slice_of("(garbage collector)"));
    return (struct line){ .func = profile_add_func(p, &func) };
}

/* The caller's stack is known. */
static bool place_node(struct reader *r, struct node *node)
{
    bool root = node->parent == NO_PARENT;
    struct stack_id caller = { root ? 0 : r->nodes.ptr[node->parent].stack.i };
    node->placed = true;
    node->depth = root ? 0 : r->nodes.ptr[node->parent].depth + 1;
    if (node->depth > IMPORT_DEPTH_MAX)
        return err_set(r->e, ERR_LIMIT, "node %" PRId64 " is deeper than %d calls", node->id,
            IMPORT_DEPTH_MAX);
    node->idle = is_named(node, "(idle)");
    node->stack = caller;
    if (node->idle || (root && is_named(node, "(root)")))
        return true;
    struct line line = is_named(node, "(garbage collector)") ? gc_line(r->p) : line_of(r, node);
    node->stack = profile_add_stack(r->p, caller, profile_add_frame_lines(r->p, &line, 1));
    return true;
}

/* Callers first; a node may stand before its caller in the file. False: callers in a ring. */
static bool place_nodes(struct reader *r)
{
    VEC(uint32_t) way = { 0 };
    bool ok = true;
    for (uint32_t i = 0; ok && i < r->nodes.len; i++) {
        uint32_t at = i;
        while (!r->nodes.ptr[at].placed && way.len <= r->nodes.len) {
            vec_push(&way, at);
            if (r->nodes.ptr[at].parent == NO_PARENT)
                break;
            at = (uint32_t)r->nodes.ptr[at].parent;
        }
        if (way.len > r->nodes.len)
            ok = err_set(r->e, ERR_FORMAT, "nodes call each other in a ring");
        while (ok && way.len)
            ok = place_node(r, &r->nodes.ptr[way.ptr[--way.len]]);
    }
    vec_done(&way);
    return ok;
}

/* ---- samples ---- */

static bool time_of(struct reader *r, json_t *json, const char *what, size_t i, double *ret_us)
{
    double us = json_number_value(json);
    if (json_is_number(json) && us > -TIME_US_MAX && us < TIME_US_MAX) {
        *ret_us = us;
        return true;
    }
    return err_set(
        r->e, ERR_FORMAT, "%s[%zu]: expected a time in microseconds, below 2^53", what, i);
}

/* The time of sample i: as it stands, or the sum of the differences so far. */
static bool sample_time(struct reader *r, json_t *times, json_t *deltas, size_t i, double *time_us)
{
    if (times)
        return time_of(r, json_array_get(times, i), "timestamps", i, time_us);
    double delta = 0;
    if (!time_of(r, json_array_get(deltas, i), "timeDeltas", i, &delta))
        return false;
    *time_us += delta;
    if (*time_us < -TIME_US_MAX || *time_us > TIME_US_MAX)
        return err_set(r->e, ERR_FORMAT, "timeDeltas[%zu]: the sum is over 2^53", i);
    return true;
}

static bool read_ticks(struct reader *r, json_t *samples, json_t *times, json_t *deltas)
{
    double time_us = 0;
    if (!times && !time_of(r, json_object_get(r->root, "startTime"), "startTime", 0, &time_us))
        return false;
    size_t i;
    json_t *sample;
    json_array_foreach(samples, i, sample)
    {
        struct tick tick;
        if (!json_is_integer(sample) || !find_node(r, json_integer_value(sample), &tick.node))
            return err_set(r->e, ERR_FORMAT, "samples[%zu]: expected the id of a node", i);
        if (!sample_time(r, times, deltas, i, &time_us))
            return false;
        tick.time_us = time_us;
        vec_push(&r->ticks, tick);
    }
    return true;
}

static int compare_ticks(const void *a, const void *b)
{
    double x = ((const struct tick *)a)->time_us;
    double y = ((const struct tick *)b)->time_us;
    return (x > y) - (x < y);
}

static uint64_t ns_of(double us)
{
    return us > 0 ? (uint64_t)(us * 1000 + 0.5) : 0;
}

/* There is at least one. */
static void add_ticks(struct reader *r)
{
    struct profile_meta *m = profile_meta(r->p);
    assert(r->ticks.ptr && r->ticks.len);
    qsort(r->ticks.ptr, r->ticks.len, sizeof *r->ticks.ptr, compare_ticks);
    double last_us = r->ticks.ptr[r->ticks.len - 1].time_us;
    double end_us = r->end_us > last_us ? r->end_us : last_us;
    for (size_t i = 0; i < r->ticks.len; i++) {
        const struct tick *tick = &r->ticks.ptr[i];
        const struct node *node = &r->nodes.ptr[tick->node];
        double next_us = i + 1 < r->ticks.len ? r->ticks.ptr[i + 1].time_us : end_us;
        uint64_t weight = ns_of(next_us - tick->time_us);
        if (node->idle) {
            r->idle_ns += weight;
            continue;
        }
        struct sample s = { .time_ns = ns_of(tick->time_us), .stack = node->stack, .count = 1 };
        s.weight = weight;
        profile_add_sample(r->p, &s);
    }
    m->weight_unit = WEIGHT_NANOSECONDS;
    m->start_ns = ns_of(r->ticks.ptr[0].time_us);
    m->end_ns = ns_of(end_us);
    m->period_ns = (m->end_ns - m->start_ns) / r->ticks.len;
}

/* Without samples there is still how often each node was hit. */
static bool add_hits(struct reader *r)
{
    uint64_t total = 0;
    profile_meta(r->p)->weight_unit = WEIGHT_COUNT;
    for (size_t i = 0; i < r->nodes.len; i++) {
        const struct node *node = &r->nodes.ptr[i];
        if (node->hits > INT64_MAX - total)
            return err_set(r->e, ERR_FORMAT, "node %zu: the hits add up to over 2^63", i);
        total += node->hits;
        if (node->idle || node->hits == 0)
            continue;
        struct sample s = { .stack = node->stack, .count = node->hits, .weight = node->hits };
        profile_add_sample(r->p, &s);
    }
    return total > 0 ? true
                     : err_set(r->e, ERR_FORMAT, "expected 'samples' with 'timeDeltas', or hits");
}

static bool read_samples(struct reader *r)
{
    json_t *samples = json_object_get(r->root, "samples");
    json_t *deltas = json_object_get(r->root, "timeDeltas");
    json_t *times = json_object_get(r->root, "timestamps");
    if (json_array_size(samples) == 0 || !(deltas || times))
        return add_hits(r);
    json_t *clock = times ? times : deltas;
    if (json_array_size(clock) != json_array_size(samples))
        return err_set(r->e, ERR_FORMAT, "there are %zu samples, but %zu times",
            json_array_size(samples), json_array_size(clock));
    double end = json_number_value(json_object_get(r->root, "endTime"));
    r->end_us = times ? 0 : end; /* seconds beside timestamps: the last one is as good */
    if (!read_ticks(r, samples, times, deltas))
        return false;
    if (!(r->end_us < TIME_US_MAX))
        return err_set(r->e, ERR_FORMAT, "endTime: expected a time in microseconds, below 2^53");
    add_ticks(r);
    return true;
}

/* ---- the whole ---- */

static bool read_nodes(struct reader *r)
{
    json_t *nodes = json_object_get(r->root, "nodes");
    json_t *head = json_object_get(r->root, "head");
    if (json_is_array(nodes) && json_array_size(nodes))
        return read_flat_nodes(r, nodes);
    if (json_is_object(head))
        return read_nested_nodes(r, head);
    return err_set(r->e, ERR_FORMAT, "expected 'nodes' (or, in old files, 'head')");
}

static void add_idle_note(struct reader *r)
{
    if (r->idle_ns == 0)
        return;
    PROF_CLEANUP(strbuf_done) struct strbuf what = STRBUF_INIT;
    strbuf_addf(&what, "%.1f ms of idle time are left out", (double)r->idle_ns / (double)NS_PER_MS);
    profile_add_note(r->p, what.ptr, "(idle) is not CPU time", "");
}

static json_t *parse(struct slice bytes, struct err *e)
{
    json_error_t je;
    json_t *root = json_loadb(bytes.ptr, bytes.len, JSON_ALLOW_NUL, &je);
    if (root)
        return root;
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    utf8_add_printable(&text, slice_of(je.text));
    err_set(e, ERR_FORMAT, "line %d, column %d: expected JSON: %s", je.line, je.column, text.ptr);
    return NULL;
}

struct profile *cpuprofile_read(struct slice bytes, struct err *e)
{
    PROF_CLEANUP(drop_json) json_t *root = parse(bytes, e);
    if (!root)
        return NULL;
    struct reader r = { .p = profile_new(), .e = e, .root = root };
    struct profile_meta *m = profile_meta(r.p);
    meta_set_text(&m->tool, slice_of(".cpuprofile"));
    meta_set_text(&m->level, slice_of("imported"));
    bool ok = read_nodes(&r) && place_nodes(&r) && read_samples(&r);
    if (ok)
        add_idle_note(&r);
    vec_done(&r.nodes);
    vec_done(&r.ticks);
    map_done(&r.by_id);
    if (ok)
        return r.p;
    profile_free(r.p);
    return NULL;
}

static bool has(struct slice head, const char *word)
{
    return memmem(head.ptr, head.len, word, strlen(word)) != NULL;
}

/* An object with function names and one of the two trees; a .heapprofile has sizes as well. */
bool cpuprofile_sniff(struct slice head)
{
    head = slice_trim(head);
    return slice_starts(head, "{") && has(head, "\"functionName\"") &&
           (has(head, "\"nodes\"") || has(head, "\"head\"")) && !has(head, "\"selfSize\"");
}
