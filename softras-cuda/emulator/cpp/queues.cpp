// The entry points of libcuda for streams, events and graphs.

#include "driver.h"

using namespace emulated;

#define ENTRY extern "C" __attribute__((visibility("default"))) Result

// As ENTER, for what must work after a failure too.
#define ENTER_ALWAYS()                                   \
    std::lock_guard<std::mutex> guard(emulated::lock()); \
    if (emulated::current() == nullptr) {                \
        return INVALID_CONTEXT;                          \
    }                                                    \
    Driver& own = *emulated::current();

ENTRY cuStreamCreate(void** stream, unsigned) {
    ENTER()
    auto* made = new Stream;
    own.streams.insert(made);
    *stream = made;
    return SUCCESS;
}
ENTRY cuStreamDestroy_v2(void* stream) {
    ENTER_ALWAYS()
    auto* found = static_cast<Stream*>(stream);
    if (own.streams.count(found) == 0) {
        return INVALID_HANDLE;
    }
    Result result = own.sticky.error != 0 ? own.sticky.error : own.done(drain(*found));
    own.streams.erase(found);
    for (auto& [_, event] : own.events) {
        if (event->stream == found) {
            event->stream = nullptr;
        }
    }
    delete found;
    return result;
}
ENTRY cuStreamSynchronize(void* stream) {
    ENTER()
    return own.drain_one(stream);
}
ENTRY cuStreamQuery(void* stream) {
    ENTER()
    Stream* found = own.find(stream);
    return found != nullptr && found->commands.empty() ? SUCCESS : NOT_READY;
}
ENTRY cuStreamWaitEvent(void* stream, void* event, unsigned) {
    ENTER()
    auto found = own.events.find(event);
    if (found == own.events.end()) {
        return own.fail(INVALID_HANDLE, "no such event");
    }
    return own.give(stream, {nullptr, found->second, nullptr, found->second->recorded});
}
ENTRY cuEventCreate(void** event, unsigned) {
    ENTER()
    auto made = std::make_shared<Event>();
    *event = made.get();
    own.events[made.get()] = made;
    return SUCCESS;
}
ENTRY cuEventDestroy_v2(void* event) {
    ENTER_ALWAYS()
    return own.events.erase(event) != 0 ? SUCCESS : INVALID_HANDLE;
}
ENTRY cuEventRecord(void* event, void* stream) {
    ENTER()
    auto found = own.events.find(event);
    Stream* into = own.find(stream);
    if (found == own.events.end() || into == nullptr) {
        return own.fail(INVALID_HANDLE, "no such event or stream");
    }
    found->second->recorded += 1;
    found->second->stream = into;
    return own.give(stream, {nullptr, nullptr, found->second, found->second->recorded});
}
ENTRY cuEventSynchronize(void* event) {
    ENTER()
    auto found = own.events.find(event);
    return found == own.events.end() ? INVALID_HANDLE : own.done(drain_event(*found->second));
}
ENTRY cuEventQuery(void* event) {
    ENTER()
    auto found = own.events.find(event);
    if (found == own.events.end()) {
        return INVALID_HANDLE;
    }
    return found->second->reached == found->second->recorded ? SUCCESS : NOT_READY;
}
ENTRY cuEventElapsedTime(float* milliseconds, void* from, void* to) {
    ENTER()
    auto begin = own.events.find(from);
    auto end = own.events.find(to);
    if (begin == own.events.end() || end == own.events.end()) {
        return own.fail(INVALID_HANDLE, "no such event");
    }
    for (const auto& event : {begin->second, end->second}) {
        if (event->recorded == 0 || event->reached != event->recorded) {
            return NOT_READY;
        }
    }
    *milliseconds = static_cast<float>((end->second->seconds - begin->second->seconds) * 1e3);
    return SUCCESS;
}

ENTRY cuStreamBeginCapture_v2(void* stream, int) {
    ENTER()
    Stream* found = own.find(stream);
    if (found == nullptr || stream == nullptr || found->capture != nullptr) {
        return own.fail(CAPTURE_UNSUPPORTED, "this stream cannot be captured");
    }
    found->capture = std::make_shared<Graph>();
    found->broken_capture = false;
    return SUCCESS;
}
ENTRY cuStreamEndCapture(void* stream, void** graph) {
    ENTER()
    Stream* found = own.find(stream);
    if (found == nullptr || found->capture == nullptr) {
        return own.fail(INVALID_VALUE, "this stream is not being captured");
    }
    std::shared_ptr<Graph> captured = std::move(found->capture);
    found->capture = nullptr;
    if (found->broken_capture) {
        *graph = nullptr;
        return own.fail(CAPTURE_INVALIDATED, "something that cannot be captured was asked of the stream");
    }
    *graph = captured.get();
    own.graphs[captured.get()] = captured;
    return SUCCESS;
}
ENTRY cuStreamIsCapturing(void* stream, int* status) {
    ENTER()
    Stream* found = own.find(stream);
    *status = found != nullptr && found->capture != nullptr ? (found->broken_capture ? 2 : 1) : 0;
    return SUCCESS;
}
ENTRY cuGraphInstantiateWithFlags(void** instance, void* graph, unsigned long long) {
    ENTER()
    auto found = own.graphs.find(graph);
    if (found == own.graphs.end()) {
        return own.fail(INVALID_HANDLE, "no such graph");
    }
    auto made = std::make_shared<Graph>(*found->second);
    own.graphs[made.get()] = made;
    *instance = made.get();
    return SUCCESS;
}
ENTRY cuGraphLaunch(void* instance, void* stream) {
    ENTER()
    auto found = own.graphs.find(instance);
    if (found == own.graphs.end()) {
        return own.fail(INVALID_HANDLE, "no such graph");
    }
    for (const Command& command : found->second->commands) {
        Result result = own.give(stream, command);
        if (result != SUCCESS) {
            return result;
        }
    }
    return SUCCESS;
}
ENTRY cuGraphUpload(void*, void*) { return SUCCESS; }
ENTRY cuGraphDestroy(void* graph) {
    ENTER_ALWAYS()
    return own.graphs.erase(graph) != 0 ? SUCCESS : INVALID_HANDLE;
}
ENTRY cuGraphExecDestroy(void* instance) { return cuGraphDestroy(instance); }
