// The entry points of libcuda that cudarc and the back end call: device, context, memory, modules, launches.

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "driver.h"

using namespace emulated;

#define ENTRY extern "C" __attribute__((visibility("default"))) Result

ENTRY cuInit(unsigned) { return SUCCESS; }
ENTRY cuDriverGetVersion(int* version) {
    *version = 12000;
    return SUCCESS;
}
ENTRY cuDeviceGetCount(int* count) {
    *count = DEVICES;
    return SUCCESS;
}
ENTRY cuDeviceGet(int* device, int ordinal) {
    if (ordinal < 0 || ordinal >= DEVICES) {
        return INVALID_DEVICE;
    }
    *device = ordinal;
    return SUCCESS;
}
ENTRY cuDeviceGetName(char* name, int length, int device) {
    const char* orders[] = {"ascending", "descending", "shuffled", "shuffled anew"};
    snprintf(name, static_cast<size_t>(length), "%s", orders[device]);
    return SUCCESS;
}
ENTRY cuDeviceGetUuid(char* uuid, int device) {
    memset(uuid, device, 16);
    return SUCCESS;
}
ENTRY cuDeviceTotalMem_v2(size_t* bytes, int) {
    *bytes = total_bytes();
    return SUCCESS;
}
ENTRY cuDeviceGetAttribute(int* value, int attribute, int) {
    switch (attribute) {
        case 1: *value = 1024; break;         // threads of a block
        case 5: *value = 0x7fffffff; break;   // blocks of a grid: x, y, z
        case 6:
        case 7: *value = 65535; break;
        case 8: *value = 48 << 10; break;     // shared memory of a block
        case 10: *value = 32; break;          // threads of a warp
        case 16: *value = 4; break;           // multiprocessors
        case 75: *value = 9; break;           // compute capability
        case 76: *value = 0; break;
        case 115: *value = 1; break;          // memory pools
        default: *value = 0;
    }
    return SUCCESS;
}
ENTRY cuDevicePrimaryCtxRetain(void** context, int ordinal) {
    std::lock_guard<std::mutex> guard(emulated::lock());
    device(ordinal).retained += 1;
    *context = &device(ordinal);
    return SUCCESS;
}
ENTRY cuDevicePrimaryCtxRelease_v2(int ordinal) {
    std::lock_guard<std::mutex> guard(emulated::lock());
    Driver& own = device(ordinal);
    own.retained -= 1;
    if (own.retained == 0) {
        own.reset();
    }
    return SUCCESS;
}
ENTRY cuCtxGetCurrent(void** context) {
    *context = emulated::current();
    return SUCCESS;
}
ENTRY cuCtxSetCurrent(void* context) {
    set_current(static_cast<Driver*>(context));
    return SUCCESS;
}
ENTRY cuCtxSynchronize() {
    ENTER()
    return own.drain_all();
}
ENTRY cuGetErrorName(int error, const char** name) {
    static const std::map<int, const char*> names = {
        {0, "CUDA_SUCCESS"}, {1, "CUDA_ERROR_INVALID_VALUE"}, {2, "CUDA_ERROR_OUT_OF_MEMORY"},
        {101, "CUDA_ERROR_INVALID_DEVICE"}, {200, "CUDA_ERROR_INVALID_IMAGE"},
        {201, "CUDA_ERROR_INVALID_CONTEXT"}, {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"},
        {400, "CUDA_ERROR_INVALID_HANDLE"}, {500, "CUDA_ERROR_NOT_FOUND"},
        {600, "CUDA_ERROR_NOT_READY"}, {700, "CUDA_ERROR_ILLEGAL_ADDRESS"}, {719, "CUDA_ERROR_LAUNCH_FAILED"},
        {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"}, {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"}};
    auto found = names.find(error);
    *name = found == names.end() ? "an error the emulated driver does not give" : found->second;
    return SUCCESS;
}
// The text says what happened last on this thread of calls: more than a real driver tells.
ENTRY cuGetErrorString(int, const char** text) {
    static thread_local std::string kept;
    std::lock_guard<std::mutex> guard(emulated::lock());
    kept = emulated::current() != nullptr ? emulated::current()->last_why : "";
    *text = kept.c_str();
    return SUCCESS;
}

// Memory.

ENTRY cuMemGetInfo_v2(size_t* free_bytes, size_t* total) {
    ENTER()
    *total = total_bytes();
    size_t held = allocated_bytes(own.ordinal);
    *free_bytes = held < total_bytes() ? total_bytes() - held : 0;
    return SUCCESS;
}
ENTRY cuMemAlloc_v2(void** at, size_t bytes) {
    ENTER()
    *at = allocate(own.ordinal, bytes);
    return *at != nullptr ? SUCCESS : own.fail(OUT_OF_MEMORY, std::to_string(bytes) + " bytes are not left");
}
ENTRY cuMemFree_v2(void* at) {
    ENTER()
    Result result = own.drain_all();
    if (result != SUCCESS) {
        return result;
    }
    return release(at) ? SUCCESS : own.fail(INVALID_VALUE, "this is no allocation");
}
ENTRY cuMemAllocAsync(void** at, size_t bytes, void* stream) {
    ENTER()
    Stream* found = own.find(stream);
    if (found != nullptr && found->capture != nullptr) {
        found->broken_capture = true;
        return own.fail(CAPTURE_UNSUPPORTED, "the emulated driver captures no allocations");
    }
    *at = allocate(own.ordinal, bytes);
    return *at != nullptr ? SUCCESS : own.fail(OUT_OF_MEMORY, std::to_string(bytes) + " bytes are not left");
}
ENTRY cuMemFreeAsync(void* at, void* stream) {
    ENTER()
    return own.give(stream, {[at]() -> Outcome {
                                 return release(at) ? Outcome{} : Outcome{INVALID_VALUE, "this is no allocation"};
                             },
                             nullptr, nullptr, 0});
}

static Result check_device(Driver& own, const void* at, size_t bytes) {
    if (bytes == 0 || is_device_memory(own.ordinal, at, bytes)) {
        return SUCCESS;
    }
    return own.fail(INVALID_VALUE, std::to_string(bytes) + " bytes are no memory of this device");
}

ENTRY cuMemsetD8Async(void* at, unsigned char value, size_t bytes, void* stream) {
    ENTER()
    Result result = check_device(own, at, bytes);
    if (result != SUCCESS) {
        return result;
    }
    return own.give(stream, {[=]() -> Outcome {
                                 memset(at, value, bytes);
                                 return {};
                             },
                             nullptr, nullptr, 0});
}
// From memory of the host that is not pinned a real driver takes a copy before it returns; a graph reads it each time.
ENTRY cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t bytes, void* stream) {
    ENTER()
    Result result = check_device(own, to, bytes);
    if (result != SUCCESS) {
        return result;
    }
    Stream* found = own.find(stream);
    if (found != nullptr && found->capture != nullptr) {
        return own.give(stream, {[=]() -> Outcome {
                                     memcpy(to, from, bytes);
                                     return {};
                                 },
                                 nullptr, nullptr, 0});
    }
    const char* first = static_cast<const char*>(from);
    auto copy = std::make_shared<std::vector<char>>(first, first + bytes);
    return own.give(stream, {[=]() -> Outcome {
                                 memcpy(to, copy->data(), bytes);
                                 return {};
                             },
                             nullptr, nullptr, 0});
}
ENTRY cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t bytes, void* stream) {
    ENTER()
    Result result = check_device(own, from, bytes);
    if (result != SUCCESS) {
        return result;
    }
    result = own.drain_one(stream);
    if (result == SUCCESS) {
        memcpy(to, from, bytes);
    }
    return result;
}
ENTRY cuMemcpyDtoDAsync_v2(void* to, const void* from, size_t bytes, void* stream) {
    ENTER()
    Result result = check_device(own, to, bytes);
    if (result == SUCCESS) {
        result = check_device(own, from, bytes);
    }
    if (result != SUCCESS) {
        return result;
    }
    return own.give(stream, {[=]() -> Outcome {
                                 memmove(to, from, bytes);
                                 return {};
                             },
                             nullptr, nullptr, 0});
}

// Modules: the image is what the emulated compiler gave, a line that names a shared library.

// What is refused as if it came from a newer compiler: PTX, machine code.
static bool refuses_ptx = false, refuses_machine_code = false;

ENTRY cuModuleLoadData(void** module, const void* image) {
    ENTER()
    static const std::string PTX = "// emulated: ", MACHINE_CODE = "// emulated machine code: ";
    std::string text(static_cast<const char*>(image));
    bool is_ptx = text.compare(0, PTX.size(), PTX) == 0;
    if (!is_ptx && text.compare(0, MACHINE_CODE.size(), MACHINE_CODE) != 0) {
        return own.fail(INVALID_IMAGE, "the image is not from the emulated compiler");
    }
    // What was compiled in advance came from an old compiler.
    bool is_new = text.find("// in advance") == std::string::npos;
    if (is_ptx && refuses_ptx && is_new) {
        return own.fail(UNSUPPORTED_PTX, "the PTX is of a newer version");
    }
    if (!is_ptx && refuses_machine_code) {
        return own.fail(INVALID_IMAGE, "the machine code is of a newer version");
    }
    std::string path = text.substr(is_ptx ? PTX.size() : MACHINE_CODE.size());
    path = path.substr(0, path.find('\n'));
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        return own.fail(INVALID_IMAGE, dlerror());
    }
    auto* loaded = new Module;
    loaded->library = library;
    own.modules.insert(loaded);
    *module = loaded;
    return SUCCESS;
}
ENTRY cuModuleUnload(void* module) {
    std::lock_guard<std::mutex> guard(emulated::lock());
    if (emulated::current() == nullptr) {
        return INVALID_CONTEXT;
    }
    Driver& own = *emulated::current();
    auto* loaded = static_cast<Module*>(module);
    if (own.modules.erase(loaded) == 0) {
        return INVALID_HANDLE;
    }
    own.drain_all();
    dlclose(loaded->library);
    delete loaded;
    return SUCCESS;
}
ENTRY cuModuleGetFunction(void** function, void* module, const char* name) {
    ENTER()
    auto* loaded = static_cast<Module*>(module);
    if (own.modules.count(loaded) == 0) {
        return own.fail(INVALID_HANDLE, "no such module");
    }
    auto& place = loaded->kernels[name];
    if (place == nullptr) {
        auto symbol = [&](const std::string& prefix) { return dlsym(loaded->library, (prefix + name).c_str()); };
        auto common = [&](const char* full) { return dlsym(loaded->library, full); };
        void* run = symbol("emulated_run_");
        if (run == nullptr) {
            return own.fail(NOT_FOUND, std::string("no kernel ") + name);
        }
        place = std::make_unique<Kernel>();
        place->name = name;
        place->run = reinterpret_cast<void (*)(void*)>(run);
        place->params_bytes = *static_cast<const size_t*>(symbol("emulated_bytes_"));
        place->most_threads = *static_cast<const unsigned*>(symbol("emulated_bound_"));
        place->bind = reinterpret_cast<void (*)(EmulatedDevice*)>(common("emulated_bind"));
        place->shared_begin = reinterpret_cast<char* (*)()>(common("emulated_shared_begin"))();
        place->shared_end = reinterpret_cast<char* (*)()>(common("emulated_shared_end"))();
    }
    *function = place.get();
    return SUCCESS;
}
ENTRY cuFuncGetAttribute(int* value, int attribute, void* function) {
    auto* kernel = static_cast<Kernel*>(function);
    *value = attribute == 0 ? static_cast<int>(kernel->most_threads) : 0;
    return SUCCESS;
}
ENTRY cuLaunchKernel(void* function, unsigned bx, unsigned by, unsigned bz, unsigned tx, unsigned ty, unsigned tz,
                     unsigned shared_bytes, void* stream, void** params, void**) {
    ENTER()
    auto* kernel = static_cast<Kernel*>(function);
    uint64_t threads = uint64_t{tx} * ty * tz;
    if (bx == 0 || by == 0 || bz == 0 || threads == 0 || bx > 0x7fffffffu || by > 65535 || bz > 65535) {
        return own.fail(INVALID_VALUE, kernel->name + ": no such grid");
    }
    if (threads > kernel->most_threads || shared_bytes != 0) {
        return own.fail(INVALID_VALUE, kernel->name + ": too many threads a block, or dynamic shared memory");
    }
    if (kernel->shared_end - kernel->shared_begin > 48 << 10) {
        return own.fail(INVALID_VALUE, kernel->name + ": more than 48 KiB of shared memory");
    }
    const char* first = static_cast<const char*>(params[0]);
    std::vector<char> copy(first, first + kernel->params_bytes);
    int ordinal = own.ordinal;
    return own.give(stream, {[=]() -> Outcome {
                                 return launch(*kernel, {bx, by, bz}, {tx, ty, tz}, copy, ordinal);
                             },
                             nullptr, nullptr, 0});
}

// For tests: the bytes each device has.
extern "C" __attribute__((visibility("default"))) void emulated_set_memory(size_t bytes) {
    std::lock_guard<std::mutex> guard(emulated::lock());
    set_total_bytes(bytes);
}
// For tests: a driver that is older than the compiler, and refuses its PTX, or its machine code too.
extern "C" __attribute__((visibility("default"))) void emulated_refuse(int ptx, int machine_code) {
    std::lock_guard<std::mutex> guard(emulated::lock());
    refuses_ptx = ptx != 0;
    refuses_machine_code = machine_code != 0;
}
