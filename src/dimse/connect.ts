/**
 * From an address to an established association: TCP, TLS with its checks, A-ASSOCIATE. Every step has its time limit, and
 * a failure says which step it was and what may help.
 */
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { Uid } from '../dicom/uid.ts';
import { asLeadglassError, LeadglassError } from '../error.ts';
import type { Association } from '../upper-layer/association.ts';
import type { ExtendedNegotiation, UserIdentity } from '../upper-layer/association-types.ts';
import { buildAssociateRequest, requestAssociation } from '../upper-layer/requestor.ts';
import { type ClientTlsSettings, clientTlsOptions, serverCheckFailure } from '../upper-layer/tls-options.ts';
import type { UpperLayerLimits } from '../upper-layer/upper-layer-limits.ts';

export interface ContextProposal {
  readonly abstractSyntax: Uid;
  readonly transferSyntaxes: readonly Uid[];
  /** Ours, when not just SCU. */
  readonly role?: { readonly scu: boolean; readonly scp: boolean };
}

export interface ConnectLimits {
  /** TCP and TLS together. */
  readonly connectMsMax: number;
}

export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly callingAeTitle: string;
  readonly calledAeTitle: string;
  /** Without it the connection is in the clear: only for peers with an exception. */
  readonly tls?: ClientTlsSettings;
  /** 1 to 128; they get the ids 1, 3, 5… in this order. */
  readonly contexts: readonly ContextProposal[];
  /** Operations that we would have under way at once, and perform at once. Not offered when both are 1. */
  readonly window?: { readonly invoked: number; readonly performed: number };
  readonly extendedNegotiations?: readonly ExtendedNegotiation[];
  readonly userIdentity?: UserIdentity;
  readonly limits: UpperLayerLimits & ConnectLimits;
  /** Ends the attempt; once established, ending it is the caller's. */
  readonly signal?: AbortSignal;
}

/** @throws LeadglassError BACKEND_UNAVAILABLE (no connection), NOT_AUTHENTICATED (TLS), a rejection, TIMED_OUT, CANCELLED */
export async function connectAssociation(options: ConnectOptions): Promise<Association> {
  const { contexts, limits, signal } = options;
  if (contexts.length === 0 || contexts.length > limits.presentationContextsMax) {
    throw new LeadglassError(
      'BAD_REQUEST',
      `Cannot request an association: ${contexts.length} presentation contexts, expected 1 to ${limits.presentationContextsMax}`,
    );
  }
  const socket = await connectSocket(options);
  const roles = new Map(contexts.flatMap((context) => (context.role ? [[context.abstractSyntax, context.role]] : [])));
  const request = buildAssociateRequest(
    {
      callingAeTitle: options.callingAeTitle,
      calledAeTitle: options.calledAeTitle,
      presentationContexts: contexts.map(({ abstractSyntax, transferSyntaxes }, index) => ({
        id: index * 2 + 1,
        abstractSyntax,
        transferSyntaxes,
      })),
      userInformation: {
        roleSelections: [...roles].map(([sopClassUid, role]) => ({ sopClassUid, ...role })),
        ...(hasWindow(options.window) ? { asynchronousOperationsWindow: options.window } : {}),
        ...(options.extendedNegotiations === undefined ? {} : { extendedNegotiations: options.extendedNegotiations }),
        ...(options.userIdentity === undefined ? {} : { userIdentity: options.userIdentity }),
      },
    },
    limits,
  );
  const onAbort = (): void => {
    socket.destroy();
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await requestAssociation(socket, request, { limits });
  } catch (error) {
    socket.destroy();
    throw signal?.aborted === true ? cancelled() : error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

function hasWindow(window: ConnectOptions['window']): window is NonNullable<ConnectOptions['window']> {
  return window !== undefined && (window.invoked !== 1 || window.performed !== 1);
}

/** A connected socket; with TLS one whose peer has passed the check. */
function connectSocket({ host, port, tls, limits, signal }: ConnectOptions): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  if (signal?.aborted === true) return Promise.reject(cancelled());
  const socket = tls === undefined ? connectTcp({ host, port }) : connectTls({ host, port, ...clientTlsOptions(tls) });
  const { connectMsMax } = limits;
  const fail = (error: LeadglassError): void => {
    socket.destroy();
    reject(error);
  };
  const timer = setTimeout(() => {
    fail(new LeadglassError('TIMED_OUT', `Cannot connect: no answer from the peer within ${connectMsMax} ms`));
  }, connectMsMax);
  const onAbort = (): void => fail(cancelled());
  signal?.addEventListener('abort', onAbort, { once: true });
  const onError = (error: Error): void => fail(connectError(error, tls !== undefined));
  const onClose = (): void => fail(connectError(new Error('closed'), tls !== undefined));
  socket.once('error', onError);
  socket.once('close', onClose);
  socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
    const failure =
      tls !== undefined && socket instanceof TLSSocket ? serverCheckFailure(socket, tls.server, new Date()) : undefined;
    if (failure === undefined) resolve(socket);
    else fail(failure);
  });
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    socket.off('close', onClose);
    // Later errors belong to the association; a destroyed socket may still have one, which nobody needs.
    if (!socket.destroyed) socket.off('error', onError);
  });
}

function cancelled(): LeadglassError {
  return new LeadglassError('CANCELLED', 'Connecting was cancelled');
}

const unreachable: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there; check host and port, and that it runs'],
  ['ENOTFOUND', 'there is no host of this name; check the name'],
  ['EAI_AGAIN', 'the name of its host cannot be looked up now; check DNS'],
  ['EHOSTUNREACH', 'no way leads to its host; check address and network'],
  ['ENETUNREACH', 'no way leads to its network; check address and network'],
  ['ETIMEDOUT', 'its host does not answer; check address and firewall'],
]);

/** OpenSSL's and the system's words are for the log; the message says which step failed. */
function connectError(error: Error, isTls: boolean): LeadglassError {
  if (error instanceof LeadglassError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const facts = { detail: `${code} ${error.message}`.trim(), cause: error };
  const why = unreachable.get(code);
  if (why !== undefined) {
    return new LeadglassError('BACKEND_UNAVAILABLE', `Cannot connect to the peer: ${why} (${code})`, facts);
  }
  if (isTls && code !== '' && code !== 'ECONNRESET' && code !== 'EPIPE') {
    return new LeadglassError('NOT_AUTHENTICATED', `The TLS handshake with the peer failed: ${code}`, facts);
  }
  if (isTls) {
    const text = 'The peer closed the connection in the TLS handshake; it may not speak TLS, or refuse our certificate';
    return new LeadglassError('BACKEND_UNAVAILABLE', text, facts);
  }
  const { code: errorCode } = asLeadglassError(error);
  return new LeadglassError(
    errorCode === 'INTERNAL' ? 'BACKEND_UNAVAILABLE' : errorCode,
    'Cannot connect to the peer',
    facts,
  );
}
