/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/plugin.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/view.h"
#include "plugin/destination_service.h"
#include "plugin/plugin_private.h"
#include "plugin/source_service.h"

#define HOST_LOOK_NS  S3C_NS_PER_SEC       /* how often the host is looked after */
#define HOST_GRACE_NS (3 * S3C_NS_PER_SEC) /* grpc-go closes idle connections and comes back */
#define WORKER_END_MS 500                  /* the host kills after 2 s */

struct main_loop {
    struct plugin plugin;
    struct grpc_watch signals; /* signalfd */
    struct grpc_watch host;
    int64_t alone_since_ns; /* no connection and no parent; 0: not so */
};

static const char *host_getenv(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

/*
 * Ctrl-C reaches the whole process group, but it is the host that decides; the others end the plugin in an orderly way. A host that
 * outlives its terminal (nohup) has its plugins outlive it as well.
 */
static int take_signals(void)
{
    struct sigaction hangup;
    sigset_t set;

    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hangup) < 0 || hangup.sa_handler != SIG_IGN)
        (void)sigaddset(&set, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL); /* before there are threads: they inherit it */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void signal_came(struct grpc_watch *w)
{
    struct main_loop *m = w->user;
    struct signalfd_siginfo info;

    if (read(w->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    s3c_logf(plugin_log_sink(m->plugin.log), S3C_LOG_INFO, "ending: signal %" PRIu32,
             info.ssi_signo);
    grpc_server_stop(m->plugin.server);
}

/* A host that was killed tells nobody. Its connection alone says little: an idle one is closed, and opened again later. */
static void look_after_host(struct grpc_watch *w)
{
    struct main_loop *m = w->user;
    int64_t now = s3c_mono_ns(s3c_clock_system());

    w->due_mono_ns = now + HOST_LOOK_NS;
    if (grpc_server_connections(m->plugin.server) > 0 || !process_is_orphan(&m->plugin.process)) {
        m->alone_since_ns = 0;
        return;
    }
    if (m->alone_since_ns == 0)
        m->alone_since_ns = now;
    if (now - m->alone_since_ns >= HOST_GRACE_NS)
        grpc_server_stop(m->plugin.server);
}

static void wake_loop(void *ctx)
{
    grpc_server_wake(((struct plugin *)ctx)->server);
}

static void woken(void *user)
{
    jobs_collect(((struct plugin *)user)->jobs);
}

static int make_server(struct plugin *p, struct s3c_error *err)
{
    static const struct grpc_method *const tables[] = {
        controller_methods, specifier_methods, source_methods, destination_methods, NULL,
    };
    struct grpc_server_options o = {.tables = tables,
                                    .max_receive = p->process.env.max_receive,
                                    .listen_fd = p->process.listen_fd,
                                    .user = p};
    int r;

    p->process.listen_fd = -1; /* the server's, whatever comes */
    r = grpc_server_new(&p->server, &o, err);
    if (r == 0)
        grpc_server_on_wake(p->server, woken);
    return r;
}

static int watch(struct main_loop *m, struct s3c_error *err)
{
    int r;

    m->signals.ready = signal_came;
    m->signals.user = m;
    m->host = (struct grpc_watch){.fd = -1,
                                  .ready = look_after_host,
                                  .user = m,
                                  .due_mono_ns = s3c_mono_ns(s3c_clock_system()) + HOST_LOOK_NS};
    r = grpc_server_watch(m->plugin.server, &m->signals, err);
    return r < 0 ? r : grpc_server_watch(m->plugin.server, &m->host, err);
}

static int build(struct main_loop *m, struct s3c_error *err)
{
    struct plugin *p = &m->plugin;
    int r = process_init(&p->process, host_getenv, NULL, err);

    if (r == 0)
        r = plugin_log_new(&p->log, STDERR_FILENO, p->process.env.log_level, err);
    if (r == 0)
        r = process_listen(&p->process, err);
    if (r == 0)
        r = make_server(p, err);
    if (r == 0)
        r = jobs_new(&p->jobs, wake_loop, p, err);
    if (r == 0)
        r = source_service_new(&p->source, p, source_backend_s3(), err);
    if (r == 0)
        r = destination_service_new(&p->destination, p, destination_backend_s3(), err);
    return r < 0 ? r : watch(m, err);
}

/* The worker first: it wakes the server, and works on what the services own. */
static void take_apart(struct main_loop *m, int status)
{
    struct plugin *p = &m->plugin;

    process_done(&p->process);
    if (p->jobs && !jobs_stop(p->jobs, WORKER_END_MS))
        _exit(status);
    grpc_server_free(p->server);
    source_service_free(p->source);
    destination_service_free(p->destination);
    jobs_free(p->jobs);
    plugin_log_free(p->log);
    if (m->signals.fd >= 0)
        (void)close(m->signals.fd);
}

/* The host shows what has this prefix as an error; people can read it as well. */
static void complain(const struct s3c_error *err)
{
    char line[sizeof(err->message) + 16];
    int n = snprintf(line, sizeof(line), "[ERROR] %s\n", err->message);

    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        return; /* there is nobody to tell */
}

int s3c_plugin_main(void)
{
    struct main_loop m = {.plugin.process.listen_fd = -1, .signals.fd = take_signals()};
    struct s3c_error err;
    int r = m.signals.fd >= 0 ? build(&m, &err) : s3c_error_errno(&err, errno, "signalfd");

    if (r == 0)
        r = process_shake_hands(&m.plugin.process, STDOUT_FILENO, &err);
    if (r == 0)
        r = grpc_server_run(m.plugin.server, &err);
    if (r < 0)
        complain(&err);
    take_apart(&m, r < 0);
    return r < 0;
}
