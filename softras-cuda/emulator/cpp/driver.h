// What the entry points share: devices with their primary contexts, and one lock.
//
// Every device runs its threads and blocks in another order: device 0 ascending, device 1 descending, the others
// shuffled. So a suite that runs on two of them sees two orders, and the devices of a machine with several.

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "launch.h"
#include "memory.h"
#include "stream.h"

namespace emulated {

using Result = int;
constexpr Result SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101, INVALID_IMAGE = 200,
                 INVALID_CONTEXT = 201, UNSUPPORTED_PTX = 222, INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_READY = 600,
                 CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901;

struct Module {
    void* library = nullptr;
    std::map<std::string, std::unique_ptr<Kernel>> kernels;
};

constexpr int DEVICES = 4;

// A device and its primary context.
struct Driver {
    int ordinal = 0;
    int retained = 0;
    // An error that happened on the device: everything fails with it until the context is gone.
    Outcome sticky;
    std::string last_why;
    std::set<Stream*> streams;
    std::set<Module*> modules;
    std::map<void*, std::shared_ptr<Event>> events;
    std::map<void*, std::shared_ptr<Graph>> graphs;
    Stream null_stream;

    // Returns what an entry point answers, and remembers why.
    Result fail(Result error, const std::string& why);
    Result done(const Outcome& outcome);
    // Runs everything in every stream.
    Result drain_all();
    Result drain_one(void* stream);
    // Gives a command to a stream, to the graph it captures, or runs it where the stream is the default one.
    Result give(void* stream, Command command);
    Stream* find(void* stream);
    // Frees everything: the last user of the primary context has gone.
    void reset();
};

Driver& device(int ordinal);
// The lock of the whole driver: a launch uses what all devices share.
std::mutex& lock();
// The context of the calling thread, null where none is set.
Driver* current();
void set_current(Driver* context);

// Most entry points begin with this: one at a time, with a context, and none after its device has failed.
#define ENTER()                                                       \
    std::lock_guard<std::mutex> guard(emulated::lock());              \
    if (emulated::current() == nullptr) {                             \
        return INVALID_CONTEXT;                                       \
    }                                                                 \
    [[maybe_unused]] Driver& own = *emulated::current();              \
    if (own.sticky.error != 0) {                                      \
        own.last_why = own.sticky.why;                                \
        return own.sticky.error;                                      \
    }

}  // namespace emulated
