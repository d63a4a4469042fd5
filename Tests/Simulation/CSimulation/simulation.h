// What the simulator needs below Swift: system calls past our own definitions of the C library's functions, and switching
// between stacks. Headers only, as in Sources/CWSQueueLinux.
#ifndef SIMULATION_H
#define SIMULATION_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(__x86_64__)
#error "The simulator makes system calls and switches stacks by hand, so far for x86-64 only."
#endif

// A system call by the instruction: every function of the C library that makes one may be defined by the simulator itself,
// and a lazy Swift global in such a function would call it again before it is there (swift_once asks gettid by syscall).
static inline long simulation_call(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

// Leaves the stack whose pointer is put into *from, and goes on where `to` was left. swapcontext(3) would make two system
// calls for the signal mask, which no coroutine changes.
__attribute__((naked)) static void simulation_switch(void **from, void *to) {
    __asm__ volatile(
        "pushq %rbp\n\tpushq %rbx\n\tpushq %r12\n\tpushq %r13\n\tpushq %r14\n\tpushq %r15\n\t"
        "movq %rsp, (%rdi)\n\tmovq %rsi, %rsp\n\t"
        "popq %r15\n\tpopq %r14\n\tpopq %r13\n\tpopq %r12\n\tpopq %rbx\n\tpopq %rbp\n\tretq");
}

// The pointer to give to simulation_switch so that `entry` begins on a fresh stack; it must never return.
static inline void *simulation_prepare(void *stack, size_t bytes, void (*entry)(void)) {
    uintptr_t top = ((uintptr_t)stack + bytes) & ~(uintptr_t)15;
    void **pointer = (void **)(top - 16);
    *pointer = (void *)entry;
    return (void *)(pointer - 6);
}

// The list of accesses under way points into stacks, and those of a killed server are never unwound.
extern bool _swift_disableExclusivityChecking;
static inline void simulation_allow_abandoned_stacks(void) { _swift_disableExclusivityChecking = true; }

// Of the GNU C library, whose header shows it only where _GNU_SOURCE is defined.
extern void *memmem(const void *bytes, size_t count, const void *wanted, size_t wanted_count);

#endif
