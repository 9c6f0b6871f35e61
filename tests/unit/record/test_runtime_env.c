// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "record/runtime_env.h"

static const char *get(const struct runtime_env *e, const char *name)
{
    const size_t len = strlen(name);
    const char *found = NULL;
    for (size_t i = 0; e->env[i]; i++) {
        if (strncmp(e->env[i], name, len) == 0 && e->env[i][len] == '=') {
            cr_expect_null(found, "%s twice", name);
            found = e->env[i] + len + 1;
        }
    }
    return found;
}

Test(runtime_env, node_options_are_appended_to)
{
    char *const env[] = { "PATH=/bin", "NODE_OPTIONS=--max-old-space-size=100", NULL };
    struct runtime_env e;
    runtime_env_build(env, "node", &e);
    cr_expect_str_eq(get(&e, "NODE_OPTIONS"),
        "--max-old-space-size=100 --perf-basic-prof --interpreted-frames-native-stack");
    cr_expect_str_eq(get(&e, "PATH"), "/bin");
    cr_expect_str_eq(get(&e, "PYTHONPERFSUPPORT"), "1");
    cr_expect(e.maps_ours);
    cr_expect(strstr(e.said, "NODE_OPTIONS=--perf-basic-prof"));
    cr_expect_not(strstr(e.said, "max-old"), "what the user has set is not repeated");
    runtime_env_done(&e);
}

Test(runtime_env, a_flag_that_is_there_is_not_added_again)
{
    char *const env[] = { "NODE_OPTIONS=--perf-basic-prof", NULL };
    struct runtime_env e;
    runtime_env_build(env, "node", &e);
    cr_expect_str_eq(
        get(&e, "NODE_OPTIONS"), "--perf-basic-prof --interpreted-frames-native-stack");
    cr_expect_not(e.maps_ours, "the user wants the maps himself");
    runtime_env_done(&e);
}

Test(runtime_env, single_values_of_the_user_stay)
{
    char *const env[] = { "PYTHONPERFSUPPORT=0", NULL };
    struct runtime_env e;
    runtime_env_build(env, "python3", &e);
    cr_expect_str_eq(get(&e, "PYTHONPERFSUPPORT"), "0");
    runtime_env_done(&e);
}

Test(runtime_env, only_java_gets_what_makes_every_jvm_talk)
{
    char *const env[] = { NULL };
    struct runtime_env e;
    runtime_env_build(env, "bash", &e);
    cr_expect_null(get(&e, "JAVA_TOOL_OPTIONS"));
    runtime_env_done(&e);
    runtime_env_build(env, "/usr/bin/java", &e);
    const char *options = get(&e, "JAVA_TOOL_OPTIONS");
    const char *unlock = strstr(options, "-XX:+UnlockDiagnosticVMOptions");
    const char *dump = strstr(options, "-XX:+DumpPerfMapAtExit");
    cr_expect(unlock && dump && unlock < dump, "a JVM does not start otherwise: %s", options);
    runtime_env_done(&e);
}

Test(runtime_env, nothing_is_added_when_turned_off)
{
    char *const env[] = { "A=1", NULL };
    struct runtime_env e;
    runtime_env_build(env, NULL, &e);
    cr_expect_str_eq(e.env[0], "A=1");
    cr_expect_null(e.env[1]);
    cr_expect_str_eq(e.said, "");
    cr_expect_not(e.maps_ours);
    runtime_env_done(&e);
}

Test(runtime_env, setting_replaces_or_adds)
{
    char *const env[] = { "PORT=1", "PORTAL=x", NULL };
    struct runtime_env e;
    runtime_env_build(env, NULL, &e);
    runtime_env_set(&e, "PORT", "8080");
    runtime_env_set(&e, "NEW", "");
    cr_expect_str_eq(get(&e, "PORT"), "8080");
    cr_expect_str_eq(get(&e, "PORTAL"), "x");
    cr_expect_str_eq(get(&e, "NEW"), "");
    runtime_env_done(&e);
}

Test(runtime_env, without_v8_log_node_is_asked_for_none)
{
    char *const env[] = { "NODE_OPTIONS=--max-old-space-size=100", NULL };
    struct runtime_env e;
    runtime_env_build_without_v8_log(env, "npm", &e);
    cr_expect_str_eq(get(&e, "NODE_OPTIONS"), "--max-old-space-size=100");
    cr_expect_str_eq(get(&e, "PYTHONPERFSUPPORT"), "1");
    runtime_env_done(&e);
}
