/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every name of the two protocols, once.  docs/PROTOCOL.md says what they mean:
 * io.awsfed.Control between clients and the agent, and the job messages between
 * the agent and its workers.
 */
#ifndef AWSFED_PROTO_H
#define AWSFED_PROTO_H

#define AWSFED_INTERFACE "io.awsfed.Control"
#define AWSFED_PROTOCOL 1

/* ---- control: methods (after the interface and a dot) ------------------- */
#define M_GET_INFO "org.varlink.service.GetInfo"
#define M_GET_DESCRIPTION "org.varlink.service.GetInterfaceDescription"
#define M_STATUS AWSFED_INTERFACE ".Status"
#define M_LOGIN AWSFED_INTERFACE ".Login"
#define M_ANSWER AWSFED_INTERFACE ".Answer"
#define M_AWAIT AWSFED_INTERFACE ".Await"
#define M_CANCEL AWSFED_INTERFACE ".Cancel"
#define M_REFRESH AWSFED_INTERFACE ".Refresh"
#define M_LOGOUT AWSFED_INTERFACE ".Logout"
#define M_FORGET AWSFED_INTERFACE ".Forget"
#define M_RESET AWSFED_INTERFACE ".Reset"
#define M_UNDO AWSFED_INTERFACE ".Undo"
#define M_ROLES AWSFED_INTERFACE ".Roles"
#define M_CREDENTIALS AWSFED_INTERFACE ".Credentials"
#define M_CONSOLE AWSFED_INTERFACE ".Console"
#define M_EXPLAIN AWSFED_INTERFACE ".Explain"
#define M_ENDPOINT AWSFED_INTERFACE ".Endpoint"
#define M_LOCK AWSFED_INTERFACE ".Lock"
#define M_UNLOCK AWSFED_INTERFACE ".Unlock"
#define M_RELOAD AWSFED_INTERFACE ".Reload"
#define M_STOP AWSFED_INTERFACE ".Stop"
#define M_CONFIGURE AWSFED_INTERFACE ".Configure"
#define M_MONITOR AWSFED_INTERFACE ".Monitor"
#define M_APPROVALS AWSFED_INTERFACE ".Approvals"
#define M_APPROVE AWSFED_INTERFACE ".Approve"

/* ---- control: errors ----------------------------------------------------- */
#define E_METHOD_NOT_FOUND "org.varlink.service.MethodNotFound"
#define E_INVALID_PARAMETER "org.varlink.service.InvalidParameter"
#define E_INTERFACE_NOT_FOUND "org.varlink.service.InterfaceNotFound"
#define E_EXPECTED_MORE "org.varlink.service.ExpectedMore"
#define E_FAULT AWSFED_INTERFACE ".Fault" /* parameters: a fault object */
#define E_STALE_QUESTION AWSFED_INTERFACE ".StaleQuestion"
#define E_NO_SUCH_LOGIN AWSFED_INTERFACE ".NoSuchLogin"
#define E_NO_SUCH_PROFILE AWSFED_INTERFACE ".NoSuchProfile"
#define E_NEEDS_APPROVAL AWSFED_INTERFACE ".NeedsApproval"
#define E_NO_SUCH_REQUEST AWSFED_INTERFACE ".NoSuchRequest"
#define E_BUSY AWSFED_INTERFACE ".Busy"
#define E_BAD_FRAME AWSFED_INTERFACE ".BadFrame"

/* ---- control: kinds of a step and of a question -------------------------- */
#define STEP_ASK "ask"
#define STEP_TELL "tell"
#define STEP_WAIT "wait"
#define STEP_DONE "done"

#define Q_TEXT "text"
#define Q_SECRET "secret"
#define Q_CHOICE "choice"
#define Q_CODE "code"
#define Q_CONFIRM "confirm"
#define Q_NUMBER "number-to-show"

/* What a question is about: lets commands and keyrings answer it. */
#define QN_HOST "host"
#define QN_USER "user"
#define QN_PASSWORD "password"
#define QN_CODE "code"
#define QN_METHOD "method"
#define QN_REALM "realm"
#define QN_SITE "relying-party" /* of AD FS's list */
#define QN_ROLE "role"
#define QN_TOTP "totp-secret"
#define QN_PIN "pin"	     /* of a token, or of a private key */
#define QN_APPROVE "approve" /* go on: a push, another way */
#define QN_DEFAULT "default-profile"
#define QN_USE "use" /* of a protected profile's keys */

/* A SAMLResponse in a Login, base64: with the rest below WIRE_MAX_REQUEST. */
#define LOGIN_ASSERTION_MAX 60000 /* bytes */

/* ---- worker: message types ------------------------------------------------ */
#define W_JOB "job"	  /* agent: the first and only job */
#define W_ANSWER "answer" /* agent: to ask */
#define W_GO "go"	  /* agent: to attempt */
#define W_REDEEM "redeem" /* agent: to assertion */
#define W_REFUSE "refuse" /* agent: to ask, attempt, assertion */
#define W_ASK "ask"
#define W_TELL "tell"
#define W_FACTOR "factor" /* a second factor was met */
#define W_PAGE "page"	  /* a skeleton for the flight recorder */
#define W_KEPT "kept"	  /* agent: to page */
#define W_ATTEMPT "attempt"
#define W_OUTCOME "outcome"
#define W_ASSERTION "assertion"
#define W_CREDENTIALS "credentials"
#define W_COOKIES "cookies"
#define W_FAULT "fault"
#define W_ALIASES "aliases"
#define W_CONSOLE "console"
#define W_DONE "done"

#define JOB_SIGNIN "signin"
#define JOB_ASSUME "assume"
#define JOB_CONSOLE "console"

#define OUTCOME_ACCEPTED "accepted"
#define OUTCOME_REJECTED "rejected"
#define OUTCOME_UNKNOWN "unknown"
#define OUTCOME_UNSENT "unsent"

#define WORKER_FD 3 /* the inherited socket */

#endif
