// SPDX-License-Identifier: MIT
#include "flamegraph/programs.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "flamegraph/html.h"
#include "flamegraph/words.h"

enum { NAMED = 3, TABLE_ROWS = 10, NAME_MAX_BYTES = 80 };

static int by_falling_weight(const void *a, const void *b)
{
    const struct program *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return strcmp(x->name.ptr, y->name.ptr);
}

/* One row per process that was seen. */
static void list_processes(
    const struct profile *p, const struct timeline *line, struct programs *list)
{
    const uint32_t count = profile_process_count(p);
    uint64_t *weight = xcalloc((size_t)count + 1, sizeof *weight);
    bool *seen = xcalloc((size_t)count + 1, sizeof *seen);
    for (size_t i = 0; i < line->entries.len; i++) {
        const struct timeline_entry *e = &line->entries.ptr[i];
        const uint32_t id = profile_thread(p, (struct thread_id){ e->thread })->process.i;
        weight[id] += e->weight;
        seen[id] = true;
    }
    list->rows = xcalloc((size_t)count + 1, sizeof *list->rows);
    for (uint32_t id = 0; id < count; id++) {
        if (!seen[id])
            continue;
        const struct process *process = profile_process(p, (struct process_id){ id });
        list->rows[list->len++] = (struct program){
            .name = profile_string(p, process->name), .processes = 1, .weight = weight[id]
        };
    }
    list->processes = list->len;
    free(weight);
    free(seen);
}

static int by_name(const void *a, const void *b)
{
    const struct program *x = a, *y = b;
    return strcmp(x->name.ptr, y->name.ptr);
}

static void join_equal_names(struct programs *list)
{
    if (list->len == 0)
        return;
    uint32_t last = 0;
    qsort(list->rows, list->len, sizeof *list->rows, by_name);
    for (uint32_t i = 1; i < list->len; i++) {
        if (by_name(&list->rows[last], &list->rows[i]) != 0) {
            list->rows[++last] = list->rows[i];
            continue;
        }
        list->rows[last].processes++;
        list->rows[last].weight += list->rows[i].weight;
    }
    list->len = last + 1;
}

void programs_build(
    const struct profile *p, const struct timeline *line, struct programs *ret_programs)
{
    *ret_programs = (struct programs){ 0 };
    list_processes(p, line, ret_programs);
    join_equal_names(ret_programs);
    qsort(ret_programs->rows, ret_programs->len, sizeof *ret_programs->rows, by_falling_weight);
}

void programs_done(struct programs *list)
{
    free(list->rows);
    *list = (struct programs){ 0 };
}

static void add_name(struct strbuf *out, const struct program *program)
{
    html_short(out, program->name.len > 0 ? program->name : slice_of("[no name]"), NAME_MAX_BYTES);
}

void programs_sentence(struct strbuf *out, const struct programs *list, uint64_t whole)
{
    if (list->processes < 2 || list->len < 2)
        return;
    strbuf_addf(out, " <span>Of %u programs, ", list->len);
    for (uint32_t i = 0; i < list->len && i < NAMED; i++) {
        strbuf_adds(out, i == 0 ? "" : ", ");
        add_name(out, &list->rows[i]);
        strbuf_adds(out, i == 0 ? " takes " : " ");
        words_percent(out, list->rows[i].weight, whole);
    }
    strbuf_adds(out, ".</span>");
}

void programs_table(struct strbuf *out, const struct programs *list, uint64_t whole)
{
    if (list->processes < 2)
        return;
    strbuf_adds(out, "<table><caption>Programs</caption><thead><tr><th>Total</th><th>Program</th>"
                     "<th>Processes</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < list->len && i < TABLE_ROWS; i++) {
        strbuf_adds(out, "<tr><td align=\"right\">");
        words_percent(out, list->rows[i].weight, whole);
        strbuf_adds(out, "</td><td>");
        add_name(out, &list->rows[i]);
        strbuf_addf(out, "</td><td>%u</td></tr>\n", list->rows[i].processes);
    }
    strbuf_adds(out, "</tbody></table>\n");
}
