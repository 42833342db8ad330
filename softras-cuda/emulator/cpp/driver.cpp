#include "driver.h"

#include <dlfcn.h>

namespace emulated {

namespace {
thread_local Driver* current_ = nullptr;
}

Driver& device(int ordinal) {
    static Driver* all = [] {  // never destroyed: threads may outlive main
        auto* made = new Driver[DEVICES];
        for (int i = 0; i < DEVICES; ++i) {
            made[i].ordinal = i;
        }
        return made;
    }();
    return all[ordinal];
}

std::mutex& lock() {
    static std::mutex* only = new std::mutex;
    return *only;
}

Driver* current() { return current_; }
void set_current(Driver* context) { current_ = context; }

Result Driver::fail(Result error, const std::string& why) {
    last_why = why;
    return error;
}

Result Driver::done(const Outcome& outcome) {
    if (outcome.error != 0) {
        sticky = outcome;
        last_why = outcome.why;
    }
    return outcome.error;
}

Stream* Driver::find(void* stream) {
    if (stream == nullptr) {
        return &null_stream;
    }
    auto* own = static_cast<Stream*>(stream);
    return streams.count(own) != 0 ? own : nullptr;
}

Result Driver::drain_all() {
    for (Stream* stream : streams) {
        Result result = done(drain(*stream));
        if (result != SUCCESS) {
            return result;
        }
    }
    return SUCCESS;
}

Result Driver::drain_one(void* stream) {
    Stream* own = find(stream);
    if (own == nullptr) {
        return fail(INVALID_HANDLE, "no such stream");
    }
    if (own->capture != nullptr) {
        own->broken_capture = true;
        return fail(CAPTURE_UNSUPPORTED, "a stream cannot be waited for while it is captured");
    }
    // The default stream runs what it is given at once. An odd order also lets the other streams run ahead.
    if (stream == nullptr || ordinal % 2 == 1) {
        return drain_all();
    }
    return done(drain(*own));
}

Result Driver::give(void* stream, Command command) {
    Stream* own = find(stream);
    if (own == nullptr) {
        return fail(INVALID_HANDLE, "no such stream");
    }
    if (own->capture != nullptr) {
        own->capture->commands.push_back(std::move(command));
        return SUCCESS;
    }
    if (stream != nullptr) {
        own->commands.push_back(std::move(command));
        return SUCCESS;
    }
    Result result = drain_all();
    if (result != SUCCESS) {
        return result;
    }
    own->commands.push_back(std::move(command));
    return done(drain(*own));
}

void Driver::reset() {
    for (Stream* stream : streams) {
        delete stream;
    }
    streams.clear();
    for (Module* module : modules) {
        dlclose(module->library);
        delete module;
    }
    modules.clear();
    events.clear();
    graphs.clear();
    null_stream.commands.clear();
    release_all(ordinal);
    sticky = {};
}

}  // namespace emulated
