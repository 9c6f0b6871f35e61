// SPDX-License-Identifier: MIT
#include "record/runtime_env.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/strbuf.h"
#include "base/vec.h"

struct variable {
    const char *name;
    const char *add;   /* words to append, or the value to set */
    const char *asked; /* when the user's value holds this, the maps are his; NULL: any value */
    const char
        *program; /* only for a program of this name; NULL: always, children may be anything */
    bool is_list;
    bool v8_log; /* V8 writes a log beside the map */
};

static const struct variable variables[] = {
    /* V8 writes /tmp/perf-PID.map; without the second flag interpreted functions have no frames. */
    { .name = "NODE_OPTIONS",
        .add = "--perf-basic-prof --interpreted-frames-native-stack",
        .asked = "--perf-basic-prof",
        .is_list = true,
        .v8_log = true },
    { .name = "PYTHONPERFSUPPORT", .add = "1" },
    { .name = "DOTNET_PerfMapEnabled", .add = "1" },
    /* Not for all programs: a JVM says "Picked up JAVA_TOOL_OPTIONS" on its standard error. Before
     * JDK 21 the map is a diagnostic option: without the unlocking before it no JVM starts. */
    { .name = "JAVA_TOOL_OPTIONS",
        .add = "-XX:+IgnoreUnrecognizedVMOptions -XX:+UnlockDiagnosticVMOptions "
               "-XX:+PreserveFramePointer -XX:+DumpPerfMapAtExit",
        .asked = "DumpPerfMapAtExit",
        .program = "java",
        .is_list = true },
};

static size_t env_find(char *const *env, const char *name)
{
    const size_t len = strlen(name);
    size_t i = 0;
    while (env[i] && (strncmp(env[i], name, len) != 0 || env[i][len] != '='))
        i++;
    return i;
}

static bool has_word(const char *list, struct slice word)
{
    struct slice rest = slice_of(list), part;
    while (slice_split(&rest, ' ', &part))
        if (slice_equal(part, word))
            return true;
    return false;
}

/* The list with the words that it lacks. */
static char *append_words(const char *list, const char *words)
{
    struct strbuf out = STRBUF_INIT;
    strbuf_adds(&out, list);
    struct slice rest = slice_of(words), word;
    while (slice_split(&rest, ' ', &word)) {
        if (has_word(list, word))
            continue;
        if (out.len > 0)
            strbuf_addc(&out, ' ');
        strbuf_addslice(&out, word);
    }
    return strbuf_take(&out);
}

void runtime_env_set(struct runtime_env *e, const char *name, const char *value)
{
    struct strbuf entry = STRBUF_INIT;
    strbuf_addf(&entry, "%s=%s", name, value);
    const size_t at = env_find(e->env, name);
    if (!e->env[at]) {
        e->env = xreallocarray(e->env, at + 2, sizeof *e->env);
        e->env[at + 1] = NULL;
    } else {
        free(e->env[at]);
    }
    e->env[at] = strbuf_take(&entry);
}

void runtime_env_add_words(struct runtime_env *e, const char *name, const char *words)
{
    const size_t at = env_find(e->env, name);
    PROF_CLEANUP(free_ptr)
    char *value = append_words(e->env[at] ? e->env[at] + strlen(name) + 1 : "", words);
    runtime_env_set(e, name, value);
}

static bool is_wanted(const struct variable *v, const char *old, const char *program)
{
    if (v->program && !slice_is(slice_basename(slice_of(program)), v->program))
        return false;
    return v->is_list || !old || old[0] == '\0';
}

static void apply(struct runtime_env *e, const struct variable *v, const char *program,
    struct strbuf *said, bool *asked)
{
    const size_t at = env_find(e->env, v->name);
    const char *old = e->env[at] ? e->env[at] + strlen(v->name) + 1 : NULL;
    if (old && old[0] && (!v->asked || strstr(old, v->asked)))
        *asked = true;
    if (!is_wanted(v, old, program))
        return;
    PROF_CLEANUP(free_ptr)
    char *value = v->is_list && old ? append_words(old, v->add) : xstrdup(v->add);
    if (old && strcmp(old, value) == 0)
        return;
    runtime_env_set(e, v->name, value);
    strbuf_addf(said, "%s%s=%s", said->len > 0 ? " " : "", v->name, v->add);
}

static void build(char *const *env, const char *program, bool v8_log, struct runtime_env *ret_env)
{
    size_t count = 0;
    while (env && env[count])
        count++;
    struct runtime_env e = { .env = xcalloc(count + 1, sizeof *e.env) };
    for (size_t i = 0; i < count; i++)
        e.env[i] = xstrdup(env[i]);
    bool asked = false;
    struct strbuf said = STRBUF_INIT;
    for (size_t i = 0; program && i < PROF_ARRAY_LEN(variables); i++)
        if (v8_log || !variables[i].v8_log)
            apply(&e, &variables[i], program, &said, &asked);
    e.maps_ours = said.len > 0 && !asked;
    e.said = strbuf_take(&said);
    *ret_env = e;
}

void runtime_env_build(char *const *env, const char *program, struct runtime_env *ret_env)
{
    build(env, program, true, ret_env);
}

void runtime_env_build_without_v8_log(
    char *const *env, const char *program, struct runtime_env *ret_env)
{
    build(env, program, false, ret_env);
}

void runtime_env_done(struct runtime_env *e)
{
    for (size_t i = 0; e->env && e->env[i]; i++)
        free(e->env[i]);
    free(e->env);
    free(e->said);
    *e = (struct runtime_env){ 0 };
}
