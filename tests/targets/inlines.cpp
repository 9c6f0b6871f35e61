// SPDX-License-Identifier: MIT
/*
 * inlines [SECONDS]: C++ whose work is done in functions that the compiler inlines: a template
 * inside a lambda inside a member function, and an exception that is thrown and caught. mix() is
 * inlined into round(), round() into sum_of<Kind>(), which stays a function.
 */
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" {
#include "truth.h"
}

namespace shapes
{

struct circle {
    static constexpr uint64_t factor = 2862933555777941757u;
};

struct square {
    static constexpr uint64_t factor = 3202034522624059733u;
};

__attribute__((always_inline)) inline uint64_t mix(uint64_t x, uint64_t factor)
{
    x = x * factor + 3037000493u;
    return x ^ (x >> 29);
}

template <typename Kind> __attribute__((always_inline)) inline uint64_t round(uint64_t x)
{
    for (int i = 0; i < 20000; i++)
        x = mix(x, Kind::factor);
    return x;
}

template <typename Kind> HOT uint64_t sum_of(uint64_t ns)
{
    auto until = [start = cpu_ns(), ns](uint64_t now) { return now - start >= ns; };
    uint64_t start = cpu_ns(), x = start | 1;

    while (!until(cpu_ns()))
        x = round<Kind>(x);
    burn_sink = x;
    return cpu_ns() - start;
}

class album
{
  public:
    HOT uint64_t visit(uint64_t ns, const std::string &label)
    {
        auto fail = [&label]() { throw std::runtime_error(label); };
        uint64_t start = cpu_ns();

        while (cpu_ns() - start < ns) {
            try {
                fail();
            } catch (const std::exception &e) {
                seen.push_back(static_cast<char>(e.what()[0]));
            }
            if (seen.size() > 1000)
                seen.clear();
        }
        return cpu_ns() - start;
    }

  private:
    std::vector<char> seen;
};

} // namespace shapes

int main(int argc, char **argv)
{
    uint64_t wanted_ns = seconds_arg(argc, argv, 1, 2), begin = cpu_ns();
    truth_row rows[] = { { "shapes::sum_of<shapes::circle>", 0 },
        { "shapes::sum_of<shapes::square>", 0 }, { "shapes::album::visit", 0 } };
    shapes::album album;

    while (cpu_ns() - begin < wanted_ns) {
        rows[0].ns += shapes::sum_of<shapes::circle>(5100000);
        rows[1].ns += shapes::sum_of<shapes::square>(3100000);
        rows[2].ns += album.visit(1900000, "no such shape");
    }
    truth_print("total", rows, 3, cpu_ns() - begin);
    return 0;
}
