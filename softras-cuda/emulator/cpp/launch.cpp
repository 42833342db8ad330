// A grid, block by block: each thread is a fibre that runs until it waits for its block or warp, or ends.
//
// The order of blocks and threads follows a seed, so that a kernel whose result depends on it is found out. What a card
// leaves undefined is an error here: a barrier that some thread never reaches, threads that wait at different barriers,
// a shuffle with a lane that is not there. Shared memory is filled as device memory is, before every block.

#include "launch.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include <cstring>
#include <numeric>

#include "fibre.h"
#include "memory.h"

#define EMULATED_DRIVER
#include "device.h"

namespace emulated {
namespace {

constexpr int ILLEGAL_ADDRESS = 700;
constexpr int LAUNCH_FAILED = 719;
constexpr unsigned WARP = 32;

enum class State { Ready, AtBarrier, AtWarp, Done };

struct Thread {
    Fibre fibre;
    State state = State::Done;
    uint3 index{};
    int line = 0;
    // At a warp: what this lane brings, and from which lane it reads.
    unsigned mask = 0;
    unsigned from = 0;
    bool is_ballot = false;
    uint64_t value = 0;
    uint64_t answer = 0;
};

// One launch at a time: the driver holds its lock.
std::vector<Thread> threads_;
unsigned count_ = 0;
unsigned current_ = 0;
void* scheduler_ = nullptr;
const Kernel* kernel_ = nullptr;
std::vector<char> params_;
EmulatedDevice device_;

sigjmp_buf fault_jump_;
volatile sig_atomic_t in_kernel_ = 0;
void* volatile fault_address_ = nullptr;
struct sigaction before_segv_, before_bus_;

void on_fault(int signal, siginfo_t* info, void*) {
    if (in_kernel_ != 0) {
        fault_address_ = info->si_addr;
        siglongjmp(fault_jump_, 1);
    }
    sigaction(signal, signal == SIGSEGV ? &before_segv_ : &before_bus_, nullptr);
}

// Faults are handled on a stack of their own: the one that faulted may be full.
void watch_faults() {
    static thread_local char* stack = nullptr;
    if (stack == nullptr) {
        constexpr size_t BYTES = 64 << 10;
        stack = static_cast<char*>(mmap(nullptr, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        stack_t own{};
        own.ss_sp = stack;
        own.ss_size = BYTES;
        sigaltstack(&own, nullptr);
    }
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &before_segv_);
    sigaction(SIGBUS, &action, &before_bus_);
}

void unwatch_faults() {
    sigaction(SIGSEGV, &before_segv_, nullptr);
    sigaction(SIGBUS, &before_bus_, nullptr);
}

void wait_as(State state) {
    Thread& thread = threads_[current_];
    thread.state = state;
    fibre_switch(&thread.fibre.sp, scheduler_);
}

void barrier(int line) {
    threads_[current_].line = line;
    wait_as(State::AtBarrier);
}

unsigned long long exchange(unsigned mask, unsigned long long value, unsigned from, int line) {
    Thread& thread = threads_[current_];
    thread.mask = mask;
    thread.value = value;
    thread.from = from;
    thread.is_ballot = false;
    thread.line = line;
    wait_as(State::AtWarp);
    return threads_[current_].answer;
}

unsigned ballot(unsigned mask, int truth, int line) {
    Thread& thread = threads_[current_];
    thread.mask = mask;
    thread.value = truth != 0;
    thread.is_ballot = true;
    thread.line = line;
    wait_as(State::AtWarp);
    return static_cast<unsigned>(threads_[current_].answer);
}

void entry() {
    kernel_->run(params_.data());
    wait_as(State::Done);
}

uint64_t scramble(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

// Seed 0: ascending. Seed 1: descending. Others: shuffled.
void reorder(std::vector<uint64_t>& order, uint64_t seed, uint64_t salt) {
    std::iota(order.begin(), order.end(), 0);
    if (seed == 1) {
        for (size_t i = 0; i < order.size(); ++i) {
            order[i] = order.size() - 1 - i;
        }
    } else if (seed > 1) {
        uint64_t state = scramble(seed ^ scramble(salt));
        for (size_t i = order.size(); i > 1; --i) {
            state = scramble(state);
            std::swap(order[i - 1], order[state % i]);
        }
    }
}

std::string at_line(int line) { return " in line " + std::to_string(line); }

std::string thread_name(unsigned i) {
    const uint3& block = device_.block;
    return "thread " + std::to_string(i) + " of block (" + std::to_string(block.x) + ", " +
           std::to_string(block.y) + ", " + std::to_string(block.z) + ")";
}

// Lets the lanes of a warp go on that all wait for each other. Returns whether any did; says what is wrong.
bool release_warps(std::string& why) {
    bool any = false;
    for (unsigned first = 0; first < count_; first += WARP) {
        for (unsigned i = first; i < first + WARP && i < count_; ++i) {
            Thread& thread = threads_[i];
            if (thread.state != State::AtWarp) {
                continue;
            }
            bool complete = (thread.mask >> (i - first) & 1u) != 0;
            if (!complete) {
                why = thread_name(i) + " is not in the mask it gives" + at_line(thread.line);
                return false;
            }
            unsigned votes = 0;
            for (unsigned lane = 0; lane < WARP; ++lane) {
                if ((thread.mask >> lane & 1u) == 0) {
                    continue;
                }
                unsigned other = first + lane;
                if (other >= count_ || threads_[other].state == State::Done) {
                    why = thread_name(i) + " waits for lane " + std::to_string(lane) + ", which is not there," +
                          at_line(thread.line);
                    return false;
                }
                const Thread& o = threads_[other];
                complete = complete && o.state == State::AtWarp && o.mask == thread.mask && o.line == thread.line;
                votes |= o.value != 0 ? 1u << lane : 0u;
            }
            if (!complete) {
                continue;
            }
            for (unsigned lane = 0; lane < WARP; ++lane) {
                if ((thread.mask >> lane & 1u) == 0) {
                    continue;
                }
                Thread& o = threads_[first + lane];
                if (o.is_ballot) {
                    o.answer = votes;
                } else if (o.from >= WARP || (o.mask >> o.from & 1u) == 0) {
                    why = thread_name(first + lane) + " reads from lane " + std::to_string(o.from) +
                          ", which is not in the mask," + at_line(o.line);
                    return false;
                } else {
                    o.answer = threads_[first + o.from].value;
                }
            }
            for (unsigned lane = 0; lane < WARP; ++lane) {
                if ((thread.mask >> lane & 1u) != 0) {
                    threads_[first + lane].state = State::Ready;
                }
            }
            any = true;
        }
    }
    return any;
}

// Lets the block go on where every thread of it waits at the same barrier. Returns whether it did.
bool release_block(std::string& why) {
    unsigned waiting = 0, first = count_, gone = count_;
    for (unsigned i = 0; i < count_; ++i) {
        const Thread& thread = threads_[i];
        if (thread.state == State::AtBarrier) {
            waiting += 1;
            first = first == count_ ? i : first;
            if (thread.line != threads_[first].line) {
                why = thread_name(i) + " waits at a barrier" + at_line(thread.line) + ", " + thread_name(first) +
                      " at another" + at_line(threads_[first].line);
                return false;
            }
        } else if (thread.state == State::Done) {
            gone = i;
        }
    }
    if (waiting == count_) {
        for (unsigned i = 0; i < count_; ++i) {
            threads_[i].state = State::Ready;
        }
        return true;
    }
    if (waiting > 0) {
        const char* how = gone < count_ ? " has returned before the barrier" : " waits elsewhere than at the barrier";
        unsigned other = gone;
        for (unsigned i = 0; other == count_; ++i) {
            other = threads_[i].state == State::AtWarp ? i : other;
        }
        why = thread_name(other) + how + at_line(threads_[first].line);
    } else {
        why = "threads of a warp wait for each other at different places";
        for (unsigned i = 0; i < count_; ++i) {
            if (threads_[i].state == State::AtWarp) {
                why += ": " + thread_name(i) + at_line(threads_[i].line);
                break;
            }
        }
    }
    return false;
}

std::string run_block(int device, uint64_t seed, uint64_t number, std::vector<uint64_t>& order) {
    if (kernel_->shared_begin != nullptr) {
        memset(kernel_->shared_begin, filling(device), kernel_->shared_end - kernel_->shared_begin);
    }
    for (unsigned i = 0; i < count_; ++i) {
        fibre_begin(threads_[i].fibre, entry);
        threads_[i].state = State::Ready;
    }
    for (uint64_t pass = 0;; ++pass) {
        reorder(order, seed, number * 1000003 + pass);
        bool ran = false;
        for (uint64_t i : order) {
            Thread& thread = threads_[i];
            if (thread.state != State::Ready) {
                continue;
            }
            ran = true;
            current_ = static_cast<unsigned>(i);
            device_.thread = thread.index;
            fibre_switch(&scheduler_, thread.fibre.sp);
        }
        bool all_done = true;
        for (unsigned i = 0; i < count_; ++i) {
            all_done = all_done && threads_[i].state == State::Done;
        }
        if (all_done) {
            return "";
        }
        if (!ran) {
            return "no thread can go on";
        }
        std::string why;
        if (!release_warps(why) && why.empty()) {
            release_block(why);
        }
        if (!why.empty()) {
            return why;
        }
    }
}

}  // namespace

Outcome launch(const Kernel& kernel, Size blocks, Size threads, const std::vector<char>& params, int device) {
    auto seed = static_cast<uint64_t>(device);
    count_ = threads.x * threads.y * threads.z;
    if (threads_.size() < count_) {
        threads_.resize(count_);
    }
    for (unsigned i = 0; i < count_; ++i) {
        threads_[i].index = uint3{i % threads.x, i / threads.x % threads.y, i / threads.x / threads.y};
    }
    kernel_ = &kernel;
    params_ = params;
    device_.threads = dim3{threads.x, threads.y, threads.z};
    device_.blocks = dim3{blocks.x, blocks.y, blocks.z};
    device_.barrier = barrier;
    device_.exchange = exchange;
    device_.ballot = ballot;
    kernel.bind(&device_);

    std::vector<uint64_t> block_order(static_cast<uint64_t>(blocks.x) * blocks.y * blocks.z);
    std::vector<uint64_t> order(count_);
    reorder(block_order, seed, 0);
    watch_faults();
    Outcome outcome;
    if (sigsetjmp(fault_jump_, 1) != 0) {
        in_kernel_ = 0;
        outcome = {ILLEGAL_ADDRESS, thread_name(current_) + " " + describe_address(fault_address_)};
    } else {
        in_kernel_ = 1;
        for (uint64_t number : block_order) {
            uint64_t across = blocks.x, down = blocks.y;
            device_.block = uint3{static_cast<unsigned>(number % across),
                                  static_cast<unsigned>(number / across % down),
                                  static_cast<unsigned>(number / across / down)};
            std::string why = run_block(device, seed, number, order);
            if (!why.empty()) {
                outcome = {LAUNCH_FAILED, why};
                break;
            }
        }
        in_kernel_ = 0;
    }
    unwatch_faults();
    if (outcome.error == 0) {
        std::string overrun = check_margins(device);
        if (!overrun.empty()) {
            outcome = {ILLEGAL_ADDRESS, overrun};
        }
    }
    if (outcome.error != 0) {
        outcome.why = "kernel " + kernel.name + ": " + outcome.why;
    }
    return outcome;
}

}  // namespace emulated
