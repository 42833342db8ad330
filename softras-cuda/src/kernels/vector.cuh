// Points and directions on the screen.

struct Vec2 {
    float x, y;
};

FN Vec2 vec2_new(float x, float y) { return Vec2{x, y}; }

FN float vec2_dot(Vec2 vec2, Vec2 o) { return vec2.x * o.x + vec2.y * o.y; }

FN float vec2_cross(Vec2 vec2, Vec2 o) { return vec2.x * o.y - vec2.y * o.x; }

FN Vec2 vec2_scale(Vec2 vec2, float k) { return Vec2{vec2.x * k, vec2.y * k}; }

FN Vec2 vec2_sub(Vec2 vec2, Vec2 o) { return Vec2{vec2.x - o.x, vec2.y - o.y}; }

FN Vec2 vec2_add(Vec2 vec2, Vec2 o) { return Vec2{vec2.x + o.x, vec2.y + o.y}; }

// A number for each corner of a face.
struct Three {
    float k[3];
};

// A point for each corner of a face.
struct Points {
    Vec2 k[3];
};
