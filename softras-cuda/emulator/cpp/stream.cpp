#include "stream.h"

#include <chrono>

namespace emulated {

namespace {

Outcome step(Stream& stream) {
    Command command = std::move(stream.commands.front());
    stream.commands.pop_front();
    if (command.waits != nullptr) {
        Event& event = *command.waits;
        while (event.reached < command.at && event.stream != nullptr && !event.stream->commands.empty()) {
            Outcome outcome = step(*event.stream);
            if (outcome.error != 0) {
                return outcome;
            }
        }
        return {};
    }
    if (command.records != nullptr) {
        command.records->reached = command.at;
        auto now = std::chrono::steady_clock::now().time_since_epoch();
        command.records->seconds = std::chrono::duration<double>(now).count();
        return {};
    }
    return command.run();
}

}  // namespace

Outcome drain(Stream& stream) {
    while (!stream.commands.empty()) {
        Outcome outcome = step(stream);
        if (outcome.error != 0) {
            stream.commands.clear();
            return outcome;
        }
    }
    return {};
}

Outcome drain_event(Event& event) {
    while (event.reached < event.recorded && event.stream != nullptr && !event.stream->commands.empty()) {
        Outcome outcome = step(*event.stream);
        if (outcome.error != 0) {
            return outcome;
        }
    }
    return {};
}

}  // namespace emulated
