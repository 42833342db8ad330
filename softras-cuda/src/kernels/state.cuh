// Faces to be drawn, and the state of a pixel as it lies in memory: planes of `all_pixels` numbers.

// A face, its number in the picture and its texels.
FN Face face_of(const Globals& globals, const Picture& picture, u32 local, const Record& record) {
    Face out;
    out.triangle = triangle_of(record);
    out.bounds = triangle_bounding_box(out.triangle);
    out.number = (float)local;
    u64 row = (u64)picture.first_texture + local;
    out.texels = FaceTexels{globals.texels + row * globals.texel_size, globals.channels, globals.side};
    return out;
}

// Reads a structure of numbers from its planes.
template <class T>
FN T planes_load(const float* planes, u64 stride, u64 pixel) {
    T out{};
    u32 count = sizeof(T) / sizeof(float);
    for (u32 i = 0; i < count; ++i) {
        reinterpret_cast<float*>(&out)[i] = planes[i * stride + pixel];
    }
    return out;
}

template <class T>
FN void planes_store(float* planes, u64 stride, u64 pixel, const T& values) {
    u32 count = sizeof(T) / sizeof(float);
    for (u32 i = 0; i < count; ++i) {
        planes[i * stride + pixel] = reinterpret_cast<const float*>(&values)[i];
    }
}

// Reads the first `count` channels of a pixel, `stride` apart; the others are 0.
FN Channels channels_load(const float* from, u64 stride, u64 pixel, u32 count) {
    Channels out;
    for (u32 c = 0; c < CHANNELS; ++c) {
        out.c[c] = c < count ? from[c * stride + pixel] : 0.0f;
    }
    return out;
}

FN void channels_store(float* to, u64 stride, u64 pixel, u32 count, const Channels& values) {
    for (u32 c = 0; c < CHANNELS; ++c) {
        if (c < count) {
            to[c * stride + pixel] = values.c[c];
        }
    }
}

FN SilhouetteState silhouette_state_at(const Globals& globals, u64 pixel) {
    return planes_load<SilhouetteState>(globals.state, globals.all_pixels, pixel);
}

FN ColorState color_state_at(const Globals& globals, u64 pixel) {
    return planes_load<ColorState>(globals.state + globals.color_at * globals.all_pixels, globals.all_pixels, pixel);
}

// The sums of the color aggregator: one a channel, or one a unit of the network.
FN Sums sums_load(const float* from, u64 stride, u64 pixel, u32 channels) {
#ifdef HIDDEN
    (void)channels;
    return planes_load<Sums>(from, stride, pixel);
#else
    return channels_load(from, stride, pixel, channels);
#endif
}

FN void sums_store(float* to, u64 stride, u64 pixel, u32 channels, const Sums& sums) {
#ifdef HIDDEN
    (void)channels;
    planes_store(to, stride, pixel, sums);
#else
    channels_store(to, stride, pixel, channels, sums);
#endif
}

FN Sums sums_at(const Globals& globals, u64 pixel) {
    const float* sums = globals.state + globals.sums_at * globals.all_pixels;
    return sums_load(sums, globals.all_pixels, pixel, globals.channels);
}

FN Channels background_of(const Globals& globals, u32 picture) {
    return channels_load(globals.background + (u64)picture * globals.channels, 1, 0, globals.channels);
}
