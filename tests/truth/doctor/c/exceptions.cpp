// SPDX-License-Identifier: MIT
/*
 * Reads numbers out of text. With the defect a field that is no number is told by an exception,
 * which most fields cause; without it by a return value.
 */
#include <stdexcept>
#include <string>

#include "program.h"

static struct program program;
static volatile long sum;

static bool parse_number(const std::string &field, long *value)
{
    char *end = nullptr;

    *value = strtol(field.c_str(), &end, 10);
    return end != field.c_str() && *end == '\0';
}

GUILTY(number_or_throw);
static long __attribute__((noinline)) number_or_throw(const std::string &field)
{
    long value;

    if (!parse_number(field, &value))
        throw std::invalid_argument("not a number: " + field);
    return value;
}

static void read_field(const std::string &field, bool by_exception)
{
    long value = 0;

    if (!by_exception) {
        sum = sum + (parse_number(field, &value) ? value : 0);
        return;
    }
    try {
        sum = sum + number_or_throw(field);
    } catch (const std::invalid_argument &) {
        sum = sum + 1;
    }
}

int main(int argc, char **argv)
{
    const std::string fields[] = { "12", "n/a", "-", "none", "7" };
    struct truth truth = {};

    truth.id = "exceptions";
    truth.file = __FILE__;
    truth.expected = "exceptions-as-flow";
    truth.acceptable = "single-core,malloc-heavy";
    truth.function = "number_or_throw";
    truth.line = line_of_number_or_throw;
    program = program_start(argc, argv, &truth);
    for (uint64_t i = 0; program_now() < program.end; i++) {
        read_field(fields[i % 5], program_has_defect(&program, i));
        if (i % 4096 == 0)
            program_sleep(0.002);
    }
    return 0;
}
