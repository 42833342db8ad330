#include "fibre.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "the emulated driver knows x86-64 and AArch64"
#endif

extern "C" void emulated_fibre_switch(void** from, void* to);

#if defined(__x86_64__)
asm(R"(
.text
.globl emulated_fibre_switch
.hidden emulated_fibre_switch
.type emulated_fibre_switch, @function
emulated_fibre_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
.size emulated_fibre_switch, .-emulated_fibre_switch
)");
#else
asm(R"(
.text
.globl emulated_fibre_switch
.hidden emulated_fibre_switch
.type emulated_fibre_switch, %function
emulated_fibre_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
.size emulated_fibre_switch, .-emulated_fibre_switch
)");
#endif

namespace emulated {

void fibre_begin(Fibre& fibre, void (*entry)()) {
    constexpr size_t PAGE = 4096;
    if (fibre.base == nullptr) {
        void* at = mmap(nullptr, STACK_BYTES + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED || mprotect(at, PAGE, PROT_NONE) != 0) {
            abort();
        }
        fibre.base = static_cast<char*>(at) + PAGE;
    }
    char* top = fibre.base + STACK_BYTES;
#if defined(__x86_64__)
    auto* words = reinterpret_cast<uintptr_t*>(top) - 8;
    for (int i = 0; i < 8; ++i) {
        words[i] = 0;
    }
    words[6] = reinterpret_cast<uintptr_t>(entry);  // where the switch returns to; above it, no caller
#else
    auto* words = reinterpret_cast<uintptr_t*>(top) - 20;
    for (int i = 0; i < 20; ++i) {
        words[i] = 0;
    }
    words[11] = reinterpret_cast<uintptr_t>(entry);  // x30
#endif
    fibre.sp = words;
}

void fibre_switch(void** from, void* to) { emulated_fibre_switch(from, to); }

}  // namespace emulated
