// SPDX-License-Identifier: MIT
#include "record/interpreters.h"

#include "base/compiler.h"
#include "base/slice.h"

/* CPython 3.12 was the first to give its functions' names away; those of 3.11 are read from its
 * memory. */
enum { PYTHON_MINOR_READ = 11, PYTHON_MINOR_NAMED = 12 };

struct interpreter {
    const char *program; /* its file's name begins so */
    const char *what;
};

static const struct interpreter interpreters[] = {
    { "perl", "Perl functions have no names" },
    { "ruby", "Ruby functions have no names" },
    { "lua", "Lua functions have no names" },
    { "php", "PHP functions have no names" },
};

/* Whatever generates code has a row for it, named or not (jit_maps.c speaks of those). */
static bool has_generated_code(const struct profile *p, struct process_id process)
{
    for (uint32_t i = 1; i < profile_module_count(p); i++) {
        const struct module *m = profile_module(p, (struct module_id){ i });
        if (m->kind == MODULE_JIT && m->process.i == process.i)
            return true;
    }
    return false;
}

/* "python3.11" -> 11; false: not a CPython 3 whose version its name tells. */
static bool python_minor(struct slice program, unsigned *ret_minor)
{
    static const char prefix[] = "python3.";
    if (!slice_starts(program, prefix))
        return false;
    unsigned minor = 0;
    for (size_t i = sizeof prefix - 1; i < program.len && minor < 1000; i++) {
        if (program.ptr[i] < '0' || program.ptr[i] > '9')
            break;
        minor = minor * 10 + (unsigned)(program.ptr[i] - '0');
    }
    *ret_minor = minor;
    return minor > 0;
}

static void note_python(struct profile *p, unsigned minor)
{
    static const char what[] = "Python functions have no names";
    if (minor < PYTHON_MINOR_READ)
        profile_add_note(p, what,
            "this CPython cannot tell them, so its own C functions are shown instead",
            "run the program with CPython 3.11 or later");
    else if (minor == PYTHON_MINOR_READ)
        profile_add_note(p, what, "its memory could not be read, or is laid out in another way",
            "run prof as the program's user and allow process_vm_readv, or use CPython 3.12 or "
            "later");
    else
        profile_add_note(p, what, "it was started without its support for profilers",
            "let prof start it, or start it with python3 -X perf");
}

void interpreters_note(struct profile *p, bool python_named)
{
    for (uint32_t i = 1; i < profile_process_count(p); i++) {
        const struct process_id id = { i };
        const struct slice program = slice_basename(profile_string(p, profile_process(p, id)->exe));
        unsigned minor;
        if (has_generated_code(p, id))
            continue;
        if (python_minor(program, &minor) && !(python_named && minor == PYTHON_MINOR_READ))
            note_python(p, minor);
        for (size_t k = 0; k < PROF_ARRAY_LEN(interpreters); k++)
            if (slice_starts(program, interpreters[k].program))
                profile_add_note(p, interpreters[k].what,
                    "the interpreter does not tell them, so its own C functions are shown instead",
                    NULL);
    }
}
