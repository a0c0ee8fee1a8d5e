/* The signals, the frame and the questions of PROTOCOL.md, for the programs of this directory that speak it: written from
 * that page alone, so that a mistake in src/wire does not repeat itself here. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { HELLO = 0x10, OPEN, BIT, GREETED = 0x20, OK, WAIT, DELIVERED, REJECTED };
/* Kinds of frames. */
enum { MESSAGE, REQUEST, REPLY };
enum { WORD_SIGNAL = 44, WORD_BYTES = 32, VERSION = 2 };

/* In the serial of a bit, and in si_errno of a word. */
#define BIT_ASKS 0x8000u
#define WORD 0x80000000u
#define WORD_ASKS 0x40000000u

/* A number that each answer of its kind has. */
#define ANY UINT64_MAX

struct content {
    int32_t signo;
    uint32_t error;
    int32_t code;
    uint32_t proof;
    int32_t pid;
    uint32_t uid;
    uint64_t value, client, server;
    uint8_t rest[80];
};

/* Questions without an answer after which a client gives up: more than two minutes, as on a slow machine. */
#define PATIENCE 6000

/* Nonces. */
struct key {
    uint64_t client, server;
};

static inline uint64_t random_number(void) {
    uint64_t number;
    if (getrandom(&number, sizeof number, 0) != sizeof number)
        exit(1);
    return number;
}

/* ---- the frame ---- */

static inline uint64_t rotl(uint64_t x, int n) { return x << n | x >> (64 - n); }

static inline void sip_round(uint64_t v[4]) {
    v[0] += v[1], v[1] = rotl(v[1], 13) ^ v[0], v[0] = rotl(v[0], 32);
    v[2] += v[3], v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3], v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1], v[1] = rotl(v[1], 17) ^ v[2], v[2] = rotl(v[2], 32);
}

static inline uint64_t siphash(struct key key, const uint8_t *bytes, size_t length) {
    uint64_t v[4] = {key.client ^ 0x736f6d6570736575, key.server ^ 0x646f72616e646f6d, key.client ^ 0x6c7967656e657261,
                     key.server ^ 0x7465646279746573};
    for (size_t at = 0; at <= length; at += 8) {
        uint64_t m = at + 8 > length ? (uint64_t)length << 56 : 0;
        for (size_t i = 0; i < 8 && at + i < length; i++)
            m |= (uint64_t)bytes[at + i] << 8 * i;
        v[3] ^= m, sip_round(v), sip_round(v), v[0] ^= m;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static inline void put32(uint8_t *at, uint32_t number) {
    for (int i = 0; i < 4; i++)
        at[i] = number >> (24 - 8 * i);
}

/* Returns the frame of this kind around these bytes, with zeros behind it for the last word. */
static inline uint8_t *frame_with(uint32_t kind, const uint8_t *head, size_t head_size, const char *message, struct key key,
                                  size_t *size) {
    size_t length = strlen(message);
    uint8_t *frame = calloc(4 + head_size + length + 4 + WORD_BYTES, 1);
    put32(frame, kind << 30 | length);
    memcpy(frame + 4, head, head_size);
    memcpy(frame + 4 + head_size, message, length);
    length += 4 + head_size;
    put32(frame + length, siphash(key, frame, length));
    *size = length + 4;
    return frame;
}

/* Returns the frame of this message. */
static inline uint8_t *frame_of(const char *message, struct key key, size_t *size) {
    return frame_with(MESSAGE, (const uint8_t *)"", 0, message, key, size);
}

/* Returns the frame of a reply to the request whose client had this nonce. */
static inline uint8_t *reply_of(const char *message, uint64_t request, struct key key, size_t *size) {
    uint8_t head[8];
    put32(head, request >> 32);
    put32(head + 4, request);
    return frame_with(REPLY, head, sizeof head, message, key, size);
}

/* Returns the signal that is bit `i` of a frame. */
static inline int signal_of(const uint8_t *frame, size_t i) { return frame[i / 8] >> (7 - i % 8) & 1 ? SIGUSR2 : SIGUSR1; }

/* ---- what a signal carries ---- */

static inline struct content control(pid_t from, uint64_t kind, uint64_t serial, uint64_t number, struct key key) {
    uint64_t value = kind << 56 | serial << 40 | number;
    /* si_uid is left at 0, which claims to be root: a receiver must not believe it. */
    return (struct content){.code = SI_QUEUE, .pid = from, .value = value, .client = key.client, .server = key.server};
}

/* Returns a word of these 32 bytes. */
static inline struct content word(uint32_t index, uint32_t flag, uint64_t proof, const uint8_t *bytes) {
    uint32_t error = WORD | flag | (index & (WORD_ASKS - 1));
    struct content content = {.error = error, .code = SI_SIGIO, .proof = proof};
    memcpy((uint8_t *)&content + offsetof(struct content, pid), bytes, WORD_BYTES);
    return content;
}

static inline uint64_t kind_of(const struct content *content) { return content->value >> 56; }
static inline uint64_t number_of(const struct content *content) { return content->value & 0xFFFFFFFFFF; }

/* Returns 0, or the error. */
static inline int queue(pid_t to, int sig, const struct content *content) {
    return syscall(SYS_rt_sigqueueinfo, to, sig, content) == 0 ? 0 : errno;
}

/* ---- receiving ---- */

/* Returns the mask of /proc/PID/status with this name, such as SigCgt. */
static inline uint64_t mask_of(pid_t pid, const char *name) {
    char path[64], line[256];
    unsigned long long mask = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *status = fopen(path, "r");
    if (status == NULL)
        return 0;
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, name, strlen(name)) == 0 && sscanf(line + strlen(name), ": %llx", &mask) == 1)
            break;
    fclose(status);
    return mask;
}

static inline int catches(pid_t pid, int sig) { return mask_of(pid, "SigCgt") >> (sig - 1) & 1; }

static inline void abort_if_called(int sig) {
    (void)sig;
    abort();
}

/* Blocks a signal, which is then taken with sigtimedwait; it must have a handler for the peer to send it. */
static inline void receive(sigset_t *set, int sig) {
    signal(sig, abort_if_called);
    sigaddset(set, sig);
    sigprocmask(SIG_BLOCK, set, NULL);
}

/* Returns the signal, or -1 after this time. */
static inline int take(const sigset_t *set, struct content *content, long milliseconds) {
    struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    siginfo_t info;
    int sig = sigtimedwait(set, &info, &timeout);
    if (sig > 0)
        memcpy(content, &info, sizeof *content);
    return sig;
}

/* ---- a client's side ---- */

struct transfer {
    pid_t server;
    sigset_t answers;
    struct key key;
    uint8_t transmissions;
};

/* Sends this until the answer is of this kind and number, and returns that. */
static inline struct content ask(struct transfer *t, int sig, struct content question, uint64_t kind, uint64_t number) {
    struct content answer = {0};
    int is_waiting = 0;
    for (int silent = 0; silent < PATIENCE; silent++) {
        int is_word = question.error & WORD;
        if (!is_word && kind_of(&question) == BIT)
            question.value = (question.value & ~(0xFFull << 40)) | (uint64_t)++t->transmissions << 40;
        if (!is_word && kind_of(&question) == HELLO && sig == WORD_SIGNAL)
            kill(t->server, sig);
        int error = queue(t->server, sig, &question);
        /* Without room the question is asked again after the timeout. */
        if (error != 0 && error != EAGAIN)
            exit(1);
        while (take(&t->answers, &answer, is_waiting ? 250 : 20) > 0) {
            if (answer.code != SI_QUEUE || answer.pid != t->server || answer.client != t->key.client)
                continue;
            if (kind_of(&answer) == REJECTED)
                exit(7);
            if (kind_of(&answer) == kind && (number == ANY || number_of(&answer) == number))
                return answer;
            is_waiting = kind_of(&answer) == WAIT;
            silent = 0;
        }
    }
    exit(6);
}

/* Says hello on this signal; returns whether the server takes words. */
static inline int greet(struct transfer *t, int sig) {
    t->key = (struct key){random_number(), 0};
    struct content greeted = ask(t, sig, control(getpid(), HELLO, 0, VERSION, t->key), GREETED, ANY);
    t->key.server = greeted.server;
    return number_of(&greeted) == 1;
}

static inline void open_transfer(struct transfer *t, int sig, int in_words) {
    ask(t, sig, control(getpid(), OPEN, 0, in_words, t->key), OK, 0);
}
