// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "build.h"
#include "profile/own_caller.h"

static struct profile *p;

static void open_profile(void)
{
    p = profile_new();
}

static void close_profile(void)
{
    profile_free(p);
}

TestSuite(own_caller, .init = open_profile, .fini = close_profile);

/* As build_sample(), with names in [] of a library. */
static struct func_id add(const char *folded, uint64_t weight)
{
    struct stack_id stack = { 0 };
    struct slice rest = slice_of(folded), name;
    struct line line = { 0 };
    while (slice_split(&rest, ';', &name)) {
        struct func func = {
            .name = profile_add_string(p, name),
            .kind = slice_starts(name, "[") ? FUNC_STDLIB : FUNC_APP,
        };
        line.func = profile_add_func(p, &func);
        stack = profile_add_stack(p, stack, profile_add_frame_lines(p, &line, 1));
    }
    profile_add_sample(p, &(struct sample){ .stack = stack, .count = 1, .weight = weight });
    return line.func;
}

static const char *name_of(struct func_id func)
{
    return profile_string(p, profile_func(p, func)->name).ptr;
}

Test(own_caller, is_the_nearest_own_function_above_most_of_the_weight)
{
    struct func_id strlen_func = add("main;lower;[tolower];[strlen]", 70);
    add("main;other;[strlen]", 20);
    struct own_caller caller;
    cr_assert(own_caller_find(p, strlen_func, &caller));
    cr_assert(eq(str, (char *)name_of(caller.func), "lower"));
    cr_assert(not(caller.nearly_all));
}

Test(own_caller, says_when_nearly_all_comes_from_it)
{
    struct func_id strlen_func = add("main;lower;[strlen]", 99);
    add("main;other;[strlen]", 1);
    struct own_caller caller;
    cr_assert(own_caller_find(p, strlen_func, &caller));
    cr_assert(caller.nearly_all);
}

Test(own_caller, is_nobody_when_no_one_has_most_of_it)
{
    struct func_id strlen_func = add("main;a;[strlen]", 1);
    add("main;b;[strlen]", 1);
    struct own_caller caller;
    cr_assert(not(own_caller_find(p, strlen_func, &caller)));
}

Test(own_caller, is_nobody_for_an_own_function_or_without_own_code)
{
    struct own_caller caller;
    cr_assert(not(own_caller_find(p, add("main;fib", 9), &caller)));
    cr_assert(not(own_caller_find(p, add("[start];[strlen]", 9), &caller)));
}
