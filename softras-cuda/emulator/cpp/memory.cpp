#include "memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>

namespace emulated {
namespace {

constexpr size_t PAGE = 4096;
constexpr size_t ALIGNMENT = 16;
constexpr unsigned char MARGIN = 0xa5;

struct Allocation {
    char* mapped;
    size_t mapped_bytes;
    size_t bytes;
    int device;
};

// By address of the first byte.
std::map<uintptr_t, Allocation> allocations_;
std::map<int, size_t> allocated_;
size_t total_ = size_t{4} << 30;

size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

// The allocation that begins last before `at`.
std::map<uintptr_t, Allocation>::iterator before(const void* at) {
    auto next = allocations_.upper_bound(reinterpret_cast<uintptr_t>(at));
    return next == allocations_.begin() ? allocations_.end() : --next;
}

}  // namespace

size_t total_bytes() { return total_; }
void set_total_bytes(size_t bytes) { total_ = bytes; }

size_t allocated_bytes(int device) { return allocated_[device]; }

int filling(int device) {
    static const char* given = getenv("SOFTRAS_EMULATED_FILL");
    if (given != nullptr && *given != 0) {
        return static_cast<int>(strtol(given, nullptr, 16)) & 0xff;
    }
    constexpr int OWN[] = {0xff, 0xff, 0x00, 0x7f};
    return OWN[device % 4];
}

void* allocate(int device, size_t bytes) {
    if (bytes == 0 || bytes > total_ || allocated_[device] > total_ - bytes) {
        return nullptr;
    }
    size_t held = round_up(bytes, ALIGNMENT);
    size_t inner = round_up(held, PAGE);
    size_t mapped_bytes = inner + 2 * PAGE;
    void* mapped = mmap(nullptr, mapped_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) {
        return nullptr;
    }
    char* first = static_cast<char*>(mapped) + PAGE;
    if (mprotect(first, inner, PROT_READ | PROT_WRITE) != 0) {
        munmap(mapped, mapped_bytes);
        return nullptr;
    }
    // The end lies against the guard page, but for the alignment.
    char* begin = first + inner - held;
    memset(begin, filling(device), bytes);
    memset(begin + bytes, MARGIN, held - bytes);
    allocations_[reinterpret_cast<uintptr_t>(begin)] = {static_cast<char*>(mapped), mapped_bytes, bytes, device};
    allocated_[device] += bytes;
    return begin;
}

bool release(void* at) {
    auto found = allocations_.find(reinterpret_cast<uintptr_t>(at));
    if (found == allocations_.end()) {
        return false;
    }
    allocated_[found->second.device] -= found->second.bytes;
    munmap(found->second.mapped, found->second.mapped_bytes);
    allocations_.erase(found);
    return true;
}

void release_all(int device) {
    for (auto next = allocations_.begin(); next != allocations_.end();) {
        auto at = next++;
        if (at->second.device == device) {
            release(reinterpret_cast<void*>(at->first));
        }
    }
}

bool is_device_memory(int device, const void* at, size_t bytes) {
    auto found = before(at);
    if (found == allocations_.end() || found->second.device != device) {
        return false;
    }
    size_t from = reinterpret_cast<uintptr_t>(at) - found->first;
    return from <= found->second.bytes && bytes <= found->second.bytes - from;
}

std::string describe_address(const void* at) {
    auto address = reinterpret_cast<uintptr_t>(at);
    auto found = before(at);
    if (found != allocations_.end()) {
        size_t from = address - found->first;
        if (from < found->second.bytes + 2 * PAGE) {
            return "touches byte " + std::to_string(from) + " of an allocation of " +
                   std::to_string(found->second.bytes);
        }
    }
    auto next = allocations_.upper_bound(address);
    if (next != allocations_.end() && next->first - address <= 2 * PAGE) {
        return "touches a place " + std::to_string(next->first - address) + " bytes before an allocation";
    }
    return "touches an address that is no device memory";
}

std::string check_margins(int device) {
    for (const auto& [begin, allocation] : allocations_) {
        if (allocation.device != device) {
            continue;
        }
        size_t margin = round_up(allocation.bytes, ALIGNMENT) - allocation.bytes;
        const auto* end = reinterpret_cast<const unsigned char*>(begin + allocation.bytes);
        for (size_t i = 0; i < margin; ++i) {
            if (end[i] != MARGIN) {
                return "writes past the end of an allocation of " + std::to_string(allocation.bytes) + " bytes";
            }
        }
    }
    return "";
}

}  // namespace emulated
