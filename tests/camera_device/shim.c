/* A camera made of nothing: loaded before the C library, it answers for /dev/video42 what a Video4Linux2 driver would.
 *
 * It is compiled against the kernel's own header, so it also checks that limbic's hand-written structures and ioctl
 * numbers are the kernel's. Formats: MJPEG and YUYV, 640 x 480 and 320 x 240, 30 and 15 frames a second. The file
 * descriptor is a timer that fires once a frame, so that poll(2) is the real one.
 *
 * SHIM_JPEG: the picture of every MJPEG frame. SHIM_STALL_AT: the first stream stops for ever after so many frames.
 * SHIM_UNPLUG_AT: the first stream fails with ENODEV after so many frames, and for 1 s nothing can be opened.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define BUFFERS 4
#define ROOM (640 * 480 * 2)

static int camera = -1, streaming, streams, frames, fps = 30, width = 640, height = 480, head, queued;
static uint32_t format = V4L2_PIX_FMT_YUYV;
static int order[BUFFERS];
static uint8_t *memory[BUFFERS];
static struct timespec unplugged;

static const uint32_t formats[] = {V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_MJPEG};
static const int sizes[][2] = {{640, 480}, {320, 240}}, rates[] = {30, 15};

static int setting(const char *name) {
    const char *text = getenv(name);
    return text && streams == 1 ? atoi(text) : 0;
}

static int fail(int error) {
    errno = error;
    return -1;
}

static void run(int on) {
    struct itimerspec timer = {0};
    if (on) timer.it_interval.tv_nsec = timer.it_value.tv_nsec = 1000000000 / fps;
    timerfd_settime(camera, 0, &timer, NULL);
    streaming = on;
}

static uint32_t picture(uint8_t *to) {
    if (format == V4L2_PIX_FMT_YUYV) {
        for (int i = 0; i < width * height; i++) to[2 * i] = (uint8_t)(i % width / 4 + frames), to[2 * i + 1] = 128;
        return (uint32_t)(width * height * 2);
    }
    FILE *file = fopen(getenv("SHIM_JPEG"), "rb");
    uint32_t n = file ? (uint32_t)fread(to, 1, ROOM, file) : 0;
    if (file) fclose(file);
    /* What an earlier, larger frame left behind: the rest of a scan, and its end of image. */
    memset(to + n, 0x5A, 5000);
    memcpy(to + n + 5000, "\xFF\xD9", 2);
    return n;
}

static int dequeue(struct v4l2_buffer *b) {
    uint64_t ticks;
    struct timespec now;
    if (setting("SHIM_UNPLUG_AT") && frames >= setting("SHIM_UNPLUG_AT")) {
        clock_gettime(CLOCK_MONOTONIC, &unplugged);
        return fail(ENODEV);
    }
    if (!queued || read(camera, &ticks, 8) != 8) return fail(EAGAIN);
    clock_gettime(CLOCK_MONOTONIC, &now);
    b->index = (uint32_t)order[head];
    head = (head + 1) % BUFFERS, queued--;
    b->bytesused = picture(memory[b->index]);
    b->sequence = (uint32_t)frames++;
    b->timestamp.tv_sec = now.tv_sec, b->timestamp.tv_usec = now.tv_nsec / 1000 - 5000; /* exposed 5 ms ago */
    if (b->timestamp.tv_usec < 0) b->timestamp.tv_sec--, b->timestamp.tv_usec += 1000000;
    if (setting("SHIM_STALL_AT") && frames == setting("SHIM_STALL_AT")) run(0), streaming = 1;
    return 0;
}

static int answer(unsigned long request, void *argument) {
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *c = argument;
        memset(c, 0, sizeof *c);
        strcpy((char *)c->driver, "shim"), strcpy((char *)c->card, "Shim Camera"), strcpy((char *)c->bus_info, "none");
        c->version = 6 << 16, c->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        c->capabilities = c->device_caps | V4L2_CAP_DEVICE_CAPS;
        return 0;
    }
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *d = argument;
        if (d->index > 1) return fail(EINVAL);
        d->pixelformat = formats[d->index];
        return 0;
    }
    case VIDIOC_ENUM_FRAMESIZES: {
        struct v4l2_frmsizeenum *s = argument;
        if (s->index > 1) return fail(EINVAL);
        s->type = V4L2_FRMSIZE_TYPE_DISCRETE;
        s->discrete.width = (uint32_t)sizes[s->index][0], s->discrete.height = (uint32_t)sizes[s->index][1];
        return 0;
    }
    case VIDIOC_ENUM_FRAMEINTERVALS: {
        struct v4l2_frmivalenum *i = argument;
        if (i->index > 1) return fail(EINVAL);
        i->type = V4L2_FRMIVAL_TYPE_DISCRETE;
        i->discrete.numerator = 1, i->discrete.denominator = (uint32_t)rates[i->index];
        return 0;
    }
    case VIDIOC_S_FMT:
    case VIDIOC_G_FMT: {
        struct v4l2_pix_format *p = &((struct v4l2_format *)argument)->fmt.pix;
        if (request == VIDIOC_S_FMT) {
            if (streaming) return fail(EBUSY);
            format = p->pixelformat, width = (int)p->width, height = (int)p->height;
        }
        memset(p, 0, sizeof *p);
        p->width = (uint32_t)width, p->height = (uint32_t)height, p->pixelformat = format;
        p->field = V4L2_FIELD_NONE, p->sizeimage = ROOM, p->colorspace = V4L2_COLORSPACE_SRGB;
        return 0;
    }
    case VIDIOC_S_PARM:
    case VIDIOC_G_PARM: {
        struct v4l2_captureparm *p = &((struct v4l2_streamparm *)argument)->parm.capture;
        if (request == VIDIOC_S_PARM) fps = (int)(p->timeperframe.denominator / p->timeperframe.numerator);
        memset(p, 0, sizeof *p);
        p->capability = V4L2_CAP_TIMEPERFRAME, p->timeperframe.numerator = 1, p->timeperframe.denominator = (uint32_t)fps;
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *r = argument;
        if (streaming) return fail(EBUSY);
        r->count = r->count ? BUFFERS : 0;
        head = queued = 0;
        return 0;
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *b = argument;
        b->length = ROOM, b->m.offset = b->index * ROOM;
        return 0;
    }
    case VIDIOC_QBUF:
        if (queued == BUFFERS) return fail(EINVAL);
        order[(head + queued++) % BUFFERS] = (int)((struct v4l2_buffer *)argument)->index;
        return 0;
    case VIDIOC_DQBUF:
        return dequeue(argument);
    case VIDIOC_STREAMON:
        streams++, frames = 0;
        run(1);
        return 0;
    case VIDIOC_STREAMOFF:
        run(0);
        return 0;
    }
    return fail(ENOTTY);
}

static int opened(const char *path) {
    struct timespec now;
    if (strcmp(path, "/dev/video42")) return -2;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (unplugged.tv_sec && now.tv_sec - unplugged.tv_sec < 2) return fail(ENOENT);
    return camera = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
}

#define REAL(type, name, ...) ((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    int fd = opened(path);
    return fd != -2 ? fd : REAL(int, "open", const char *, int, ...)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    int fd = opened(path);
    return fd != -2 ? fd : REAL(int, "open64", const char *, int, ...)(path, flags, mode);
}

int close(int fd) {
    if (fd == camera && camera >= 0) camera = -1, streaming = 0;
    return REAL(int, "close", int)(fd);
}

static void *mapped(size_t length, off_t offset) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    return memory[offset / ROOM] = REAL(void *, "mmap", void *, size_t, int, int, int, off_t)(NULL, length, PROT_READ | PROT_WRITE, flags, -1, 0);
}

void *mmap(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    if (fd >= 0 && fd == camera) return mapped(length, offset);
    return REAL(void *, "mmap", void *, size_t, int, int, int, off_t)(at, length, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t length, int protection, int flags, int fd, off_t offset) {
    if (fd >= 0 && fd == camera) return mapped(length, offset);
    return REAL(void *, "mmap64", void *, size_t, int, int, int, off_t)(at, length, protection, flags, fd, offset);
}

long syscall(long number, ...) {
    va_list list;
    long a[6];
    va_start(list, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_ioctl && camera >= 0 && (int)a[0] == camera) return answer((unsigned long)a[1], (void *)a[2]);
    return REAL(long, "syscall", long, ...)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
