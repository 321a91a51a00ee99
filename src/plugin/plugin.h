/* SPDX-License-Identifier: Apache-2.0 */
/* The Conduit plugin, from its environment to its exit status. */
#ifndef S3C_PLUGIN_PLUGIN_H
#define S3C_PLUGIN_PLUGIN_H

/* The variable that tells a plugin from a command line: where it is set, the process is the plugin's. */
#define PLUGIN_COOKIE_NAME "CONDUIT_PLUGIN_MAGIC_COOKIE"

/*
 * Listens, shakes hands on standard output and serves until the host, a signal or the host's end says so. Returns the exit status; what
 * was wrong is on standard error. The process must have one thread. It does not return while a call of the engine still blocks
 * the worker: the process ends here then, because that thread cannot be ended in any other way.
 */
int s3c_plugin_main(void);

#endif
