// Fibres: a stack of its own for each thread of a block, and a switch between two stacks.

#pragma once

#include <cstddef>
#include <vector>

namespace emulated {

// A stack and where it stands. Stacks are kept and used again; each has a guard page below.
struct Fibre {
    char* base = nullptr;
    void* sp = nullptr;
};

constexpr size_t STACK_BYTES = 256 << 10;

// Makes `fibre` begin with `entry` the next time it is switched to.
void fibre_begin(Fibre& fibre, void (*entry)());
// Leaves the stack `from` and goes on where `to` was left.
void fibre_switch(void** from, void* to);

}  // namespace emulated
